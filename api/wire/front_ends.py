"""What chat front ends ask a model besides their visitor's questions: a title, follow-up questions, tags, queries.

Open WebUI, LibreChat, LobeChat and others send these as questions of their own, with the conversation inside. They are
answered from that conversation alone, so that no forecast is made for them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from forecaster.market import BITCOIN, catalogue, spellings

LONGEST_TITLE = 60  # characters
TITLE_WORDS = 6
READ = 1500  # characters of a prompt that tell what it wants
NO_TITLE = "CryptoSense"


class Task(StrEnum):
    """What a front end wants."""

    TITLE = "title"
    FOLLOW_UPS = "follow_ups"
    TAGS = "tags"
    QUERIES = "queries"  # for a search of the web, which there is none of
    TOOLS = "tool_calls"  # of the front end's own
    EMOJI = "emoji"
    SUMMARY = "summary"
    COMPLETION = "text"  # of what somebody types
    OTHER = "other"


_TALK = r"(?:conversation|chat|discussion|dialog(?:ue)?|exchange|history|following message)"
_MAKE = r"(?:generat\w+|create|provide|write|suggest|give|propose|come up with|summari[sz]e)"
_SHORT = (
    r"(?:concise|short|brief|\d+[- ](?:to[- ]\d+[- ])?words?|(?:\w+ to )?\w+[- ]word|characters|or[- ]less|less than"
    r"|maximum)"
)
_WANTED = {
    Task.TAGS: rf"{_MAKE}\b[^.]{{0,60}}\btags?\b[^.]{{0,120}}{_TALK}",
    Task.FOLLOW_UPS: rf"{_MAKE}\b[^.]{{0,60}}(?:follow[- ]?ups?\b|questions?\b[^.]{{0,60}}\bask next)",
    Task.QUERIES: rf"(?:{_TALK}[^.]{{0,120}}|{_MAKE}[^.]{{0,60}})\b(?:search|retrieval) quer(?:y|ies)",
    Task.COMPLETION: r"### Task:\s*You are an autocompletion system",
    Task.EMOJI: r"fitting emoji|single emoji (?:that|which|for)",
    Task.TOOLS: r"\AAvailable Tools:|choose and return the correct tool",
    Task.TITLE: (
        rf"{_MAKE}\b[^.]{{0,80}}\btitles?\b(?=[\s\S]{{0,400}}{_TALK})(?=[\s\S]{{0,400}}{_SHORT})"
        rf"|{_SHORT}[^.]{{0,40}}\btitle\b[^.]{{0,80}}{_TALK}|conversation (?:summari[sz]er|title generator)"
        r"|\u603b\u7ed3\u4e3a[^\u3002]{0,20}\u6807\u9898|\u751f\u6210[^\u3002]{0,20}\u6807\u9898"
    ),
    Task.SUMMARY: rf"\bsummari[sz]e (?:the|this|our) {_TALK}",
    Task.OTHER: r"\A### Task:[\s\S]{1,1400}(?:<chat_history>|### Chat History|JSON format)",
}
_PATTERNS = {task: re.compile(text, re.IGNORECASE) for task, text in _WANTED.items()}
_HISTORY = re.compile(r"<chat_history>\s*([\s\S]*?)\s*(?:</chat_history>|\Z)", re.IGNORECASE)
_SPEAKER = re.compile(r"^\W*(user|human|assistant|ai|system)\W*:\s*", re.IGNORECASE | re.MULTILINE)
_SIGNS = " ?!.,:;\uff1f\uff01\u3002\uff0c\u00bf\u00a1"
_WORD = re.compile(r"[^\W_]+", re.UNICODE)


def task_of(messages: Sequence[Mapping[str, str]]) -> Task | None:
    """What a front end wants with a conversation of ``role`` and ``content``; None where a visitor asks something.

    The instruction is the newest question, or the system's message before a conversation that is pasted into it.
    """
    newest = messages[-1]["content"] if messages and messages[-1]["role"] == "user" else ""
    if task := _wanted(newest):
        return task
    if sum(each["role"] == "user" for each in messages) == 1:
        system = next((each["content"] for each in messages if each["role"] in ("system", "developer")), "")
        return _wanted(system) if _names_output(system) else None
    return None


def answer_to(task: Task, messages: Sequence[Mapping[str, str]]) -> str:
    """The answer, as JSON where the prompt shows it so."""
    prompt = "\n".join(each["content"] for each in messages if each["role"] != "assistant")
    questions = _questions(messages)
    coin = _coin(" ".join(questions))
    match task:
        case Task.TITLE:
            return _told(task, _title(questions), prompt)
        case Task.FOLLOW_UPS:
            return _told(task, _follow_ups(coin), prompt)
        case Task.TAGS:
            return _told(task, ["Finance", "Cryptocurrency", catalogue()[coin].name], prompt)
        case Task.QUERIES | Task.TOOLS:
            return json.dumps({task.value: []})
        case Task.COMPLETION:
            return json.dumps({task.value: ""})
        case Task.EMOJI:
            return "\U0001f642"
        case Task.SUMMARY:
            return "The visitor asked: " + " / ".join(questions or ("nothing yet",))
        case Task.OTHER:
            return "{}"


def _wanted(text: str) -> Task | None:
    beginning = text[:READ].strip()
    return next((task for task, pattern in _PATTERNS.items() if pattern.search(beginning)), None)


def _names_output(system: str) -> bool:
    """Whether a system's message wants nothing but a title or the like: an assistant's own may mention them too."""
    only = r"\b(?:only|just)\b|return|output|summari[sz]er|generator|\ATask|\AAvailable Tools|\u6807\u9898"
    return re.search(only, system[:READ], re.IGNORECASE) is not None


def _questions(messages: Sequence[Mapping[str, str]]) -> list[str]:
    """What the visitor asked, oldest first: in the conversation that a prompt holds, else in the messages before it."""
    newest = messages[-1]["content"]
    held = _HISTORY.search(newest)
    parts = _SPEAKER.split(held[1] if held else newest)
    spoken = list(zip(parts[1::2], parts[2::2], strict=True))
    asked = [text for speaker, text in spoken if speaker.lower() in ("user", "human")]
    if not asked:
        asked = [each["content"] for each in messages[:-1] if each["role"] == "user"]
    return [line for text in asked if (line := _line(text)) and _wanted(text) is None]


def _line(text: str) -> str:
    """The first line of a text with words, without quotes around it."""
    lines = (line.strip().strip("\"'`*#> ") for line in text.splitlines())
    return next((line[:200] for line in lines if _WORD.search(line)), "")


def _title(questions: Sequence[str]) -> str:
    if not questions:
        return NO_TITLE
    words = questions[0].split()[:TITLE_WORDS]
    title = (
        " ".join(words)[:LONGEST_TITLE].rstrip(" ?!.,:;\uff1f\uff01\u3002\uff0c\u00bf\u00a1").lstrip("\u00bf\u00a1 ")
    )
    return title[:1].upper() + title[1:] or NO_TITLE


def _follow_ups(symbol: str) -> list[str]:
    code = symbol.partition("-")[0]
    return [
        f"What is the range of {code} for the next 24 hours?",
        f"How good were your latest forecasts of {code}?",
        f"Was anything unusual in the last hours of {code}?",
    ]


def _coin(text: str) -> str:
    """The first coin of the catalogue that a text names; Bitcoin where it names none."""
    words = {word: place for place, word in reversed(list(enumerate(_WORD.findall(text.lower()))))}
    named = {
        coin.symbol: min(words[name] for name in spellings(coin) if name in words)
        for coin in catalogue().values()
        if any(name in words for name in spellings(coin) if not (coin.word and name == coin.code.lower()))
    }
    return min(named, key=lambda symbol: named[symbol]) if named else BITCOIN


def _told(task: Task, answer: str | list[str], prompt: str) -> str:
    """As JSON under the task's name where the prompt shows that, else in plain lines."""
    if re.search(rf"[\"']{task.value}[\"']\s*:", prompt):
        return json.dumps({task.value: answer}, ensure_ascii=False)
    return answer if isinstance(answer, str) else "\n".join(answer)
