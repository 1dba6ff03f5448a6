"""Refuses replies of a language model that were cut off, before any tool is run on half of what it asked for.

LangChain completes the JSON of a call that breaks off: ``{"symbol":"BTC-USD","hours":2`` of 24 becomes 2 hours.
"""

import json
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, GenerationChunk, LLMResult

from assistant.grounding import Refused

REASONS = ("finish_reason", "stop_reason", "done_reason")  # what providers call why a reply ends
CUT = {"length", "max_tokens", "model_length", "max_output_tokens", "content_filter"}


class WholeReplies(AsyncCallbackHandler):
    """Looks at every reply of one turn; LangChain raises what it raises."""

    raise_error = True

    def __init__(self) -> None:
        self._calls: dict[UUID, AIMessageChunk] = {}  # as they arrived, by the reply that they are in

    async def on_llm_new_token(
        self,
        token: str | list[str | dict[str, Any]],
        *,
        chunk: GenerationChunk | ChatGenerationChunk | None = None,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Keep the pieces of calls."""
        message = chunk.message if isinstance(chunk, ChatGenerationChunk) else None
        if isinstance(message, AIMessageChunk) and message.tool_call_chunks:
            known = self._calls.get(run_id)
            self._calls[run_id] = message if known is None else known + message

    async def on_llm_end(
        self,
        response: LLMResult,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Raises Refused where the reply, or a call in it, is not whole."""
        asked = self._calls.pop(run_id, None)
        if any(_cut(each.message) for row in response.generations for each in row if isinstance(each, ChatGeneration)):
            raise Refused("a reply that was cut off")
        readable = {call["id"] for call in asked.tool_calls} if asked else set()
        if asked and any(call["id"] in readable and _half(call["args"]) for call in asked.tool_call_chunks):
            raise Refused("half a call of a tool")


def _cut(message: object) -> bool:
    metadata = message.response_metadata if isinstance(message, AIMessage) else {}
    return any(str(metadata.get(name, "")).lower() in CUT for name in REASONS)


def _half(arguments: str | None) -> bool:
    """Whether the JSON of a call's arguments breaks off; a call without any is whole."""
    try:
        json.loads(arguments or "{}", strict=False)
    except ValueError:
        return True
    return False
