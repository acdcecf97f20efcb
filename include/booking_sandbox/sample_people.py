"""The people, events and questions of the sample: a sales team and those who book with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SampleHost:
    """A member of the team. ``owner`` says what HubSpot knows of them: active, archived or nothing."""

    id: str
    first_name: str
    last_name: str
    email: str
    time_zone: str
    owner: str = "active"

    def as_person(self) -> dict[str, Any]:
        """The host as a booking names them."""
        return {
            "id": self.id,
            "name": f"{self.first_name} {self.last_name}",
            "first_name": self.first_name,
            "last_name": self.last_name,
            "email": self.email,
            "time_zone": self.time_zone,
        }


HOSTS = (
    SampleHost("usr_01", "Hanna", "Vogel", "hanna.vogel@acme.example", "Europe/Berlin"),
    SampleHost("usr_02", "Tomás", "Echeverría", "tomas.echeverria@acme.example", "Europe/Madrid"),
    SampleHost("usr_03", "Grace", "Okafor", "Grace.Okafor@Acme.example", "Europe/London"),
    SampleHost("usr_04", "Daniel", "Weiss", "daniel.weiss@acme.example", "America/New_York"),
    SampleHost("usr_05", "Mei", "Tanaka", "mei.tanaka@acme.example", "Asia/Tokyo", owner="archived"),
    SampleHost("usr_06", "Lukas", "Brandt", "lukas.brandt@acme.example", "Europe/Berlin", owner="none"),
)


@dataclass(frozen=True, slots=True)
class SampleEvent:
    """A kind of meeting that can be booked; ``questions`` are keys of :data:`QUESTIONS`."""

    id: str
    name: str
    minutes: int
    kind: str
    location: dict[str, str | None]
    questions: tuple[str, ...]


def _video(slug: str) -> dict[str, str | None]:
    return {"kind": "video", "value": None, "join_url": f"https://meet.acme.example/{slug}"}


GLOBEX_HOSTS = (
    SampleHost("usr_11", "Aoife", "Byrne", "aoife.byrne@globex.example", "Europe/Dublin"),
    SampleHost("usr_12", "Conor", "Walsh", "Conor.Walsh@globex.example", "Europe/Dublin"),
    SampleHost("usr_13", "Ines", "Ferreira", "ines.ferreira@globex.example", "Europe/Lisbon", owner="none"),
)
INITECH_HOSTS = (SampleHost("usr_21", "Peter", "Gibbons", "peter.gibbons@initech.example", "America/Los_Angeles"),)


@dataclass(frozen=True, slots=True)
class SampleWorkspace:
    """A team in Calendar.com. ``prefix`` begins the ids of its bookings."""

    id: str
    name: str
    plan: str
    time_zone: str
    prefix: str
    plain_bookings: int
    hosts: tuple[SampleHost, ...]


ACME = SampleWorkspace("ws_acme", "Acme Sales", "pro", "Europe/Berlin", "bk_ACME", 205, HOSTS)
GLOBEX = SampleWorkspace("ws_globex", "Globex Success", "enterprise", "Europe/Dublin", "bk_GLOBEX", 36, GLOBEX_HOSTS)
INITECH = SampleWorkspace("ws_initech", "Initech", "basic", "America/Los_Angeles", "bk_INITECH", 12, INITECH_HOSTS)
"""On Basic, which does not include the HubSpot integration."""


EVENTS = (
    SampleEvent("ev_intro", "Intro call", 15, "one_on_one", _video("intro"), ("size", "goal")),
    SampleEvent(
        "ev_discovery", "Discovery call", 30, "one_on_one", _video("discovery"), ("size", "goal", "crm", "topics")
    ),
    SampleEvent("ev_demo", "Product demo", 45, "round_robin", _video("demo"), ("size", "topics", "security", "notes")),
    SampleEvent("ev_pricing", "Pricing & contract review", 30, "collective", _video("pricing"), ("budget", "notes")),
    SampleEvent("ev_onboarding", "Onboarding session", 60, "one_on_one", _video("onboarding"), ("crm", "notes")),
    SampleEvent("ev_webinar", "Live product tour", 60, "group", _video("tour"), ("topics",)),
    SampleEvent(
        "ev_visit",
        "On-site visit <Berlin>",
        90,
        "one_on_one",
        {"kind": "address", "value": "Torstraße 140, 10119 Berlin", "join_url": None},
        ("notes",),
    ),
    SampleEvent(
        "ev_phone",
        "Quick phone call",
        10,
        "one_on_one",
        {"kind": "phone", "value": "+49 30 555 0100", "join_url": None},
        (),
    ),
)

QUESTIONS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "size": ("How many people work in your team?", (4, 12, 35, 180, 2_400, None)),
    "goal": (
        "What would you like to achieve?",
        (
            "Fewer no-shows, and bookings that reach the CRM by themselves.",
            "Replace our spreadsheet.",
            "We grow from 3 to 5 countries & need one calendar.\nToday every office has its own.",
            "",
            None,
        ),
    ),
    "crm": ("Do you use a CRM today?", (True, False, None)),
    "topics": (
        "Which topics interest you?",
        (["Routing", "Reporting"], ["HubSpot"], ["Security", "SSO & SCIM", "Audit log"], [], None),
    ),
    "security": ("Do you need a security review?", (True, False)),
    "budget": ("Yearly budget in EUR", (1_500.5, 12_000, 48_000, None)),
    "notes": (
        "Anything we should prepare?",
        (
            "Please show the API.",
            "Our CFO joins for the last 10 minutes <b>only</b>.",
            "Bitte auf Deutsch 🙂",
            None,
            "We have looked at three other tools and wrote down what we miss in each. " * 60,
        ),
    ),
}
"""Question id → (text, the answers that people give). None is left empty."""

FULL_NAMES = (
    "Anna Schmidt",
    "Jan de Vries",
    "María José Fernández Ruiz",
    "Łukasz Kowalczyk",
    "Søren Kjær",
    "Zoë O'Brien-Smith",
    "Nguyễn Thị Minh Khai",
    "李小龍",
    "山田 太郎",
    "محمد العلي",
    "דנה כהן",
    "Иван Петров",
    "Prince",
    "Cher",
    "Björk",
    "Dr. Jean-Luc von und zu Hohenstein",
    "Sam 🚀 Rivera",
    "Priya Raghunathan",
    "Oluwaseun Adebayo",
    "Emily Clark",
    "Noah Fischer",
    "Mia Keller",
    "Ben Wagner",
    "Lea Hoffmann",
    "Paul Richter",
    "Clara Neumann",
    "Finn Larsen",
    "Ella Lindqvist",
    "Hugo Martin",
    "Chloé Lefèvre",
    "Marco Rossi",
    "Giulia Bianchi",
    "Pedro Almeida",
    "Inês Carvalho",
    "Kwame Mensah",
    "Aisha Bello",
    "Ravi Patel",
    "Sunita Rao",
    "James Turner",
    "Olivia Hughes",
    "Ethan Brooks",
    "Ava Collins",
    "Liam Murphy",
    "Saoirse Kelly",
    "Tariq Aziz",
    "Yuki Sato",
    "Min-jun Kim",
    "Chen Wei",
    "Elif Yılmaz",
    "Nikos Papadopoulos",
)
COMPANIES = ("northwind", "globex", "initech", "umbrella-labs", "stark-tools", "wayne-logistics", "hooli", "piedpiper")
ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Pacific/Auckland",
)
CAMPAIGNS = (
    None,
    None,
    {
        "utm_source": "newsletter",
        "utm_medium": "email",
        "utm_campaign": "autumn",
        "utm_term": None,
        "utm_content": None,
    },
    {
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "brand",
        "utm_term": "booking tool",
        "utm_content": "a",
    },
)


def invitee_pool() -> list[dict[str, Any]]:
    """Everybody who books: one address per person and company, so that many book again."""
    pool = []
    for number, name in enumerate(FULL_NAMES):
        for company in (COMPANIES[number % len(COMPANIES)], COMPANIES[(number * 3 + 1) % len(COMPANIES)]):
            first, _, last = name.partition(" ")
            is_split = number % 3 != 0
            address = f"guest{number:02}@{company}.example"
            pool.append(
                {
                    "name": name,
                    "first_name": first if is_split else None,
                    "last_name": (last or None) if is_split else None,
                    "email": address.title() if number % 7 == 0 else address,
                    "phone": f"+49 30 555 {number:04}" if number % 4 == 0 else None,
                    "time_zone": ZONES[number % len(ZONES)],
                }
            )
    return pool
