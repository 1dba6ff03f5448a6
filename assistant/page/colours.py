"""The page's neutral colours, light and dark, in the terms of Gradio's themes; static/page.css has the others."""

from collections.abc import Iterator

COLOURS = {
    "light": {"page": "#f6f7f9", "panel": "#ffffff", "ink": "#14181f", "dim": "#5d6778", "line": "#e4e7ec"},
    "dark": {"page": "#0c1017", "panel": "#141a24", "ink": "#e8edf5", "dim": "#8b96a8", "line": "#243042"},
}
ROLES = {  # colour -> what Gradio calls the places where it belongs
    "page": ("body_background_fill", "background_fill_secondary", "block_background_fill"),
    "panel": ("background_fill_primary", "input_background_fill", "code_background_fill"),
    "ink": ("body_text_color", "block_info_text_color", "button_secondary_text_color"),
    "dim": ("body_text_color_subdued", "input_placeholder_color", "block_label_text_color"),
    "line": ("border_color_primary", "block_border_color", "input_border_color"),
}


def theme_colours() -> dict[str, str]:
    """Every place with its colour; Gradio marks those of the dark scheme by a suffix."""
    return {**dict(_scheme("light", "")), **dict(_scheme("dark", "_dark"))}


def _scheme(scheme: str, suffix: str) -> Iterator[tuple[str, str]]:
    for role, names in ROLES.items():
        yield from ((f"{name}{suffix}", COLOURS[scheme][role]) for name in names)
