"""Which column holds what: by the names that other programs give them, or as somebody says."""

import re
from collections.abc import Iterable

# For each thing a ticket can bring, the headers it is known by; the first that is there counts.
KNOWN = {
    "id": ("id", "number", "key", "ticket_id", "ticket_number", "issue_key", "incident_number",
           "external_id", "case_number", "ticketnummer", "ticket_nummer", "ticket_nr", "ticketnr",
           "vorgangsnummer", "vorgangs_nr", "nummer", "nr", "vorgang"),
    "title": ("title", "subject", "short_description", "summary", "betreff", "titel", "ticket_subject",
              "kurzbeschreibung", "zusammenfassung"),
    "description": ("description", "document", "body", "text", "details", "message", "content",
                    "ticket_description", "beschreibung", "problembeschreibung", "nachricht"),
    "category": ("category", "topic_group", "topic", "label", "queue_category", "kategorie", "thema"),
    "priority": ("priority", "prio", "prioritaet", "ticket_priority"),
    "urgency": ("urgency", "dringlichkeit"),
    "impact": ("impact", "auswirkung"),
    "type": ("type", "ticket_type", "issue_type", "typ", "ticketart", "tickettyp", "vorgangstyp"),
    "status": ("status", "state", "ticket_status", "zustand"),
    "requester": ("requester", "requester_email", "email", "e_mail", "mail", "customer_email", "reporter",
                  "caller", "opened_by", "from", "melder", "anforderer", "antragsteller", "gemeldet_von",
                  "erstellt_von"),
    "assignee": ("assignee", "assignee_email", "assigned_to", "agent", "owner", "bearbeiter",
                 "zugewiesen_an", "zustaendig"),
    "team": ("team", "assignment_group", "group", "queue", "gruppe", "bearbeitergruppe"),
    "created": ("created", "created_at", "opened_at", "opened", "sys_created_on", "creation_date",
                "created_on", "date", "erstellt", "erstellt_am", "gemeldet_am", "eroeffnet_am",
                "erstelldatum"),
    "closed": ("closed", "closed_at", "resolved_at", "resolved", "closed_on", "geschlossen",
               "geschlossen_am", "geloest_am", "erledigt_am"),
    "tags": ("tags", "labels", "keywords", "schlagworte", "schlagwoerter", "stichworte"),
    "due": ("due", "due_date", "due_at", "due_on", "deadline", "faellig", "faellig_am", "frist"),
    "resolution": ("resolution", "solution", "close_notes", "answer", "resolution_notes", "loesung"),
}  # fmt: skip
PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


class WrongMapping(Exception):
    """What was said about the columns does not fit the file; the message says how."""


def map_columns(header: Iterable[str], said: Iterable[str] = ()) -> dict[str, str]:
    """The column for each thing that has one: `{"title": "short_description", …}`.

    `said` is what somebody wrote, such as `title=Betreff`; nothing after the sign
    leaves a column out. Raises WrongMapping where it names what there is not.
    """
    names = {plain(name): name for name in header}
    found = {
        thing: names[known]
        for thing, all_known in KNOWN.items()
        for known in all_known[::-1]
        if known in names
    }
    found |= _said(said, set(names.values()))
    columns = {thing: column for thing, column in found.items() if column}
    if not {"title", "description"} & set(columns):
        raise WrongMapping(
            "No column is known to hold a title or a description. Say which one does:"
            f" --map title=… (there are {', '.join(names.values())})."
        )
    return columns


def _said(said: Iterable[str], header: set[str]) -> dict[str, str]:
    pairs = dict(_pair(part) for parts in said for part in parts.split(","))
    for thing, column in pairs.items():
        if thing not in KNOWN:
            raise WrongMapping(f"A ticket has no “{thing}”. It can have: {', '.join(KNOWN)}.")
        if column and column not in header:
            raise WrongMapping(f"There is no column “{column}”. There are: {', '.join(sorted(header))}.")
    return pairs


def _pair(text: str) -> tuple[str, str]:
    thing, sign, column = text.partition("=")
    if not sign:
        raise WrongMapping(f"“{text}” is not of the form title=Subject.")
    return thing.strip().lower(), column.strip()


def plain(name: str) -> str:
    """`Short Description ` -> `short_description`, `Priorität` -> `prioritaet`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower().translate(PLAIN)).strip("_")
