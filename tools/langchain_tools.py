"""The registry for LangChain: the text goes to the language model, the data rides along as the artifact."""

from collections.abc import Iterable
from typing import Any

from langchain_core.tools import StructuredTool, ToolException
from pydantic import BaseModel

from tools.tool import BoundTool


def to_langchain(tools: Iterable[BoundTool]) -> list[StructuredTool]:
    """The same tools as LangChain's. A failed call becomes an error message in the tool's own words."""
    return [_adapt(tool) for tool in tools]


def _adapt(bound: BoundTool) -> StructuredTool:
    async def call(**arguments: Any) -> tuple[str, BaseModel | None]:
        result = await bound.call(arguments)
        if not result.ok:
            raise ToolException(result.text)
        return result.text, result.data

    return StructuredTool.from_function(
        coroutine=call,
        name=bound.tool.name,
        description=bound.tool.description,
        # As JSON schema and not as the model itself: the bound tool checks arguments, in words fit to show.
        args_schema=bound.tool.arguments.model_json_schema(),
        response_format="content_and_artifact",
        handle_tool_error=True,
    )
