"""What several replicas share of what exchanges answer them."""

from forecaster.market.exchanges.shared.answers import Question, SharedAnswers

__all__ = ["Question", "SharedAnswers"]
