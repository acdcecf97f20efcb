"""The two services we talk to: Calendar.com is read, HubSpot is read and written."""
