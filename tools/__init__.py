"""One typed function per capability, over a forecast backend; the same for every kind of assistant."""
