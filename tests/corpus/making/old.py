"""Other formats."""


def make():
    pass
