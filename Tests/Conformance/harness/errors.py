"""Expecting an error: its code, HTTP 400, and its text, exactly or in part."""

import contextlib
import re

import botocore.exceptions
import pytest


class Matching:
    """A text of which the reference fixes only a part; compares equal to every string that fits."""

    def __init__(self, pattern):
        self.pattern = re.compile(pattern, re.DOTALL)

    def __eq__(self, text):
        return isinstance(text, str) and self.pattern.search(text) is not None

    def __hash__(self):
        return hash(self.pattern)

    def __repr__(self):
        return f"a text matching {self.pattern.pattern!r}"


def containing(part):
    return Matching(re.escape(part))


def starting(part):
    return Matching(r"\A" + re.escape(part))


def matching(pattern):
    return Matching(pattern)


ANY_TEXT = Matching("")

INVALID = "One or more parameter values were invalid: "


@contextlib.contextmanager
def rejected(code, message=ANY_TEXT):
    """The block must be refused with this error and HTTP 400; gives access to the whole response afterwards."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield caught
    response = caught.value.response
    found = (response["Error"]["Code"], response["Error"].get("Message", ""))
    assert found == (code, message)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400


def invalid(message=ANY_TEXT):
    """The block must be refused with a ValidationException."""
    return rejected("ValidationException", message)


def condition_failed():
    return rejected("ConditionalCheckFailedException", "The conditional request failed")


def not_found(message="Requested resource not found"):
    return rejected("ResourceNotFoundException", message)
