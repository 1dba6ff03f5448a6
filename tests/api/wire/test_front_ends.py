"""What chat front ends ask besides their visitor's questions, in the words that they use."""

import json
import tomllib
from collections.abc import Iterator

import pytest

from api.wire.front_ends import Task, answer_to, task_of
from forecaster.settings import ROOT

TALK = "USER: what's ETH in the next 6 hours?\nASSISTANT: Between $2,000 and $2,100.\nUSER: and tomorrow?"
OPEN_WEBUI = {
    Task.TITLE: (
        "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n### Guidelines:\n"
        "- The title should clearly represent the main theme.\n### Output:\n"
        'JSON format: { "title": "your concise title here" }\n### Examples:\n- { "title": "Stock Market Trends" }'
        f"\n### Chat History:\n<chat_history>\n{TALK}\n</chat_history>"
    ),
    Task.FOLLOW_UPS: (
        "### Task:\nSuggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next in this "
        "conversation as a **user**, based on the chat history, to help continue or deepen the discussion."
        '\n### Output:\nJSON format: { "follow_ups": ["Question 1?", "Question 2?", "Question 3?"] }\n'
        f'<chat_history>\n{TALK}\n</chat_history>"'
    ),
    Task.TAGS: (
        "### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history, along with 1-3 more "
        'specific subtopic tags.\n### Output:\nJSON format: { "tags": ["tag1", "tag2", "tag3"] }\n### Chat History:\n'
        f"<chat_history>\n{TALK}\n</chat_history>"
    ),
    Task.QUERIES: (
        "### Task:\nAnalyze the chat history to determine the necessity of generating search queries, in the given "
        'language.\n### Output:\nStrictly return in JSON format: { "queries": ["query1", "query2"] }\n'
        f"<chat_history>\n{TALK}\n</chat_history>"
    ),
    Task.COMPLETION: (
        "### Task:\nYou are an autocompletion system. Continue the text in `<text>` based on the completion type.\n"
        f'### Output:\n{{ "text": "..." }}\n<chat_history>\n{TALK}\n</chat_history>\n<text>what is btc</text>'
    ),
    Task.OTHER: '### Task:\nGenerate a detailed prompt for an image.\nJSON format: { "prompt": "" }\n<chat_history>\n',
}
KEYS = {Task.TITLE: str, Task.FOLLOW_UPS: list, Task.TAGS: list, Task.QUERIES: list, Task.COMPLETION: str}
TITLES = [  # the instruction alone, the conversation alone, or both in one
    [
        {"role": "user", "content": "what's ETH in the next 6 hours?"},
        {"role": "assistant", "content": "Between $2,000 and $2,100."},
        {
            "role": "user",
            "content": "Please generate a four to five word title summarizing our conversation without any lead-in.",
        },
    ],
    [
        {
            "role": "user",
            "content": "Provide a concise, 5-word-or-less title for the conversation, using title case conventions. "
            "Only return the title itself.\n\nConversation:\nUser: what's ETH in the next 6 hours?\nAI: Between ...",
        }
    ],
    [
        {
            "role": "system",
            "content": "You are a professional conversation summarizer. Generate a concise title that captures the "
            "essence of the conversation.\n\nRules:\n- Output ONLY the title text",
        },
        {"role": "user", "content": "user: what's ETH in the next 6 hours?\nassistant: Between $2,000 and $2,100."},
    ],
    [
        {
            "role": "user",
            "content": 'Generate a title in less than 6 words for the following message (language: English):\n"""\n'
            'User: what\'s ETH in the next 6 hours?\nAssistant: Between $2,000 and $2,100.\n"""',
        }
    ],
]


def asked(text):
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize("task", OPEN_WEBUI)
def test_what_open_webui_asks_for_is_known_and_answered_in_its_json(task):
    messages = asked(OPEN_WEBUI[task])
    assert task_of(messages) is task
    told = json.loads(answer_to(task, messages))
    if task in KEYS:
        assert isinstance(told.pop(task.value), KEYS[task])
    assert told == {}


def test_a_title_is_made_of_the_first_question():
    assert json.loads(answer_to(Task.TITLE, asked(OPEN_WEBUI[Task.TITLE])))["title"] == "What's ETH in the next 6"
    for messages in TITLES:
        assert task_of(messages) is Task.TITLE
        assert answer_to(Task.TITLE, messages) == "What's ETH in the next 6"
    assert answer_to(Task.TITLE, asked("Generate a short title for this chat.")) == "CryptoSense"


def test_follow_up_questions_are_about_the_coin_of_the_conversation_and_tags_name_it():
    told = json.loads(answer_to(Task.FOLLOW_UPS, asked(OPEN_WEBUI[Task.FOLLOW_UPS])))["follow_ups"]
    assert len(told) == 3 and all("ETH" in each and each.endswith("?") for each in told)
    assert "Ethereum" in json.loads(answer_to(Task.TAGS, asked(OPEN_WEBUI[Task.TAGS])))["tags"]
    plain = [*asked("hello"), {"role": "assistant", "content": "Hi."}, *asked("Suggest 3 follow-up questions.")]
    assert task_of(plain) is Task.FOLLOW_UPS
    assert answer_to(Task.FOLLOW_UPS, plain).splitlines() == [each.replace("ETH", "BTC") for each in told]


def test_tools_of_a_front_end_are_not_called():
    prompt = 'Available Tools: [{"name": "search"}]\n\nYour task is to choose and return the correct tool(s).'
    messages = [
        {"role": "system", "content": prompt},
        *asked("Query: History:\nUSER: btc next hour\nQuery: btc next hour"),
    ]
    assert task_of(messages) is Task.TOOLS and json.loads(answer_to(Task.TOOLS, messages)) == {"tool_calls": []}


def questions() -> Iterator[str]:
    for path in (ROOT / "tests/support/conversations").glob("*questions*.toml"):
        yield from texts(tomllib.loads(path.read_text(encoding="utf-8")))


def texts(value) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from texts(list(value.values()))
        case list():
            for each in value:
                yield from texts(each)


def test_no_question_of_a_visitor_is_taken_for_one():
    every = [*questions(), "Can you generate a concise title for my essay?", "what's the search volume for btc?"]
    assert len(every) > 300
    assert [text for text in every if task_of(asked(text))] == []


def test_a_system_message_that_mentions_titles_makes_no_task_of_a_question():
    system = "You are a helpful assistant of our shop. Write short answers with a title about the conversation's topic."
    assert task_of([{"role": "system", "content": system}, *asked("btc next hour")]) is None


def test_long_and_odd_texts_are_read_quickly():
    for text in ("generate " * 60_000, "title " * 60_000, "{" * 200_000, "user: " * 50_000, ""):
        messages = asked(text)
        for task in Task:
            assert answer_to(task, messages)
        assert task_of(messages) in (None, *Task)
