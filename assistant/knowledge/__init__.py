"""What can be explained: entries in Markdown, one a topic and language, and the entry that a question asks for.

To explain something else, add a file: entries/en/TOPIC.md, and its sisters in other languages.
"""

from assistant.knowledge.encoder import Encoder, shared_encoder
from assistant.knowledge.entries import Entry
from assistant.knowledge.retrieval import SURE, Found, Library

__all__ = ["SURE", "Encoder", "Entry", "Found", "Library", "shared_encoder"]
