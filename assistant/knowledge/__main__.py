"""`python -m assistant.knowledge` solves for what is shipped of the topics; short because retrieval.py knows how."""

from assistant.knowledge.regression import SHIPPED
from assistant.knowledge.retrieval import Library

if __name__ == "__main__":
    Library.load().save()
    print(f"wrote {SHIPPED}")  # noqa: T201
