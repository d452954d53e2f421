"""What people write, made up: common words come often, rare ones seldom, as in any language."""

from random import Random

THINGS = """printer laptop monitor network password account mail calendar badge phone scanner keyboard
screen server drive folder browser update licence report invoice contract headset dock camera projector
room door desk chair cable switch router certificate token backup database website form file attachment
signature spreadsheet macro font driver battery adapter display mouse parking ticket template
newsletter""".split()  # noqa: SIM905
TROUBLES = """does not start|is very slow|shows an error|stopped working|asks for a password|is missing
was deleted|cannot be opened|disconnects all the time|prints only grey|is locked|makes a loud noise
loses its settings|does not synchronise|shows yesterday's data|crashes at once|is not found
needs an update|has expired|refuses my login""".replace("\n", "|").split("|")
PLACES = """at home|in the office|in room {n}|on the second floor|at the terminal|since Monday
since the last update|every morning|for the whole team|on NW-{n}|after the restart|with the new laptop
in the warehouse|during calls|when travelling|at gate {n}|in building {n}|for two of us""".replace(
    "\n", "|"
).split("|")
ANSWERS = """Thank you|We are looking into the {thing} {place}|Could you restart the {thing} and try again
The {thing} is fixed now, please check it {place}|I have ordered a new {thing}|Still the same {place}
The supplier of the {thing} needs another day|Please bring the {thing} to the service desk
The {thing} works again {place}|I have asked the network team about the {thing}
The certificate of the {thing} had expired|Your {thing} is unlocked|I could reproduce it {place}
The backup of the {thing} from last night is restored|Which version of the {thing} do you have
We found the cause: a full {thing}|Please send a picture of the {thing} {place}
It happens again {place}|My {thing} {trouble}""".replace("\n", "|").split("|")
SENTENCES = 20_000


class Texts:
    """A stock of sentences, from which titles, descriptions and replies are put together."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.troubles = [self._filled("{thing} {trouble} {place}") for _ in range(SENTENCES)]
        self.answers = [self._filled(rng.choice(ANSWERS)) for _ in range(SENTENCES)]

    def title(self) -> str:
        return self.rng.choice(self.troubles)

    def description(self) -> tuple[str, str]:
        """As written and as HTML, both as COPY wants them: a new line is `\\n`."""
        some = self.rng.choices(self.troubles, k=self.rng.choice((1, 2, 2, 3, 3, 4, 6)))
        return self._paragraphs(some)

    def reply(self) -> tuple[str, str]:
        some = self.rng.choices(self.answers, k=self.rng.choice((1, 1, 2, 2, 3)))
        return self._paragraphs(some)

    def _paragraphs(self, sentences: list[str]) -> tuple[str, str]:
        middle = (len(sentences) + 1) // 2
        parts = [". ".join(part) + "." for part in (sentences[:middle], sentences[middle:]) if part]
        return "\\n\\n".join(parts), "".join(f"<p>{part}</p>\\n" for part in parts)

    def _filled(self, text: str) -> str:
        rng = self.rng
        thing = THINGS[min(int(rng.paretovariate(0.8)), len(THINGS)) - 1]
        text = text.replace("{thing}", thing).replace("{trouble}", rng.choice(TROUBLES))
        text = text.replace("{place}", rng.choice(PLACES))
        text = text.replace("{n}", str(int(rng.paretovariate(0.5)) % 9000 + 100))
        return text[0].upper() + text[1:]
