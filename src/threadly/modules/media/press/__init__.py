"""The press: where what was uploaded becomes an image of ours, in a process of its own for each."""

from threadly.modules.media.press.press import Press, Pressed, Sizes, press_of

__all__ = ["Press", "Pressed", "Sizes", "press_of"]
