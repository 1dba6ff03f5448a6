"""The page's HTML before any script runs: its language and words, what previews and browsers without scripts see."""

from assistant.page.document.document import Document, Page
from assistant.page.document.preview import ADDRESS, Preview
from assistant.page.document.words_in_config import choices, texts_of

__all__ = ["ADDRESS", "Document", "Page", "Preview", "choices", "texts_of"]
