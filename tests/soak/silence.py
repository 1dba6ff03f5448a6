"""A provider that hangs, with the bounds of the product: half a minute.

    python -m pytest tests/soak/silence.py

The name of this file keeps it out of the usual run, where tests/assistant/test_real_models.py has shorter bounds.
"""

import asyncio

from assistant.agent import Token, build_agent, run_turn
from assistant.chat_models import open_chat_model
from tests.support.conversations.fake_chat_model import embedded
from tests.support.conversations.fake_openai import FakeOpenAI, Plan
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools

MOST = 10  # seconds until the embedded model has answered


async def test_the_embedded_model_has_answered_within_ten_seconds(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")

    async def whole(kind):
        with FakeOpenAI(Plan(kind)) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            model = open_chat_model("openai:fake")
            agent = build_agent(model, bind_tools(FakeBackend(), KNOWLEDGE), embedded=embedded())
            async with asyncio.timeout(MOST):
                events = [event async for event in run_turn(agent, [{"role": "user", "content": "btc price"}])]
        assert "$69,930.25" in "".join(event.text for event in events if isinstance(event, Token))
        return model

    embedded()
    models = [await whole(kind) for kind in ("hang", "drip", "thinking", "stall")]
    await models[-1].root_async_client.close()
