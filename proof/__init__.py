"""What the tests and the rehearsal both judge by, and strike with. None of it is installed anywhere."""
