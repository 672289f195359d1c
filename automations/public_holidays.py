"""Public holidays by country. The library behind it is loaded with the first country that is asked for."""

import warnings
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache

_NAMES_IN = "en_US"
"""Else the names would hang on the locale of the process. What is not translated stays as the country says it."""


def country_problem(country: str) -> str | None:
    """Why the holidays of that country are not known, in a sentence."""
    if country in _places():
        return None
    return f"There is no country {country[:40]!r}; it is a code of two capital letters (ISO 3166), such as DE."


def subdivision_problem(country: str | None, subdivision: str) -> str | None:
    """Of a country that is known; None says that there is no country."""
    if country is None:
        return "A subdivision needs the country that it is in."
    known = _places()[country]
    if subdivision in known:
        return None
    there_are = f"there are: {', '.join(known)}" if known else "its holidays are the same everywhere"
    return f"There is no subdivision {subdivision[:40]!r} of {country}; {there_are}."


@lru_cache(maxsize=1_000)
def public_holidays(country: str, subdivision: str | None, year: int) -> Mapping[date, str]:
    """Their names by day, also of the days on which they are observed; none in years for which nobody knows them yet."""
    from holidays import country_holidays

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a year that is too far off
        return dict(country_holidays(country, subdiv=subdivision, years=year, language=_NAMES_IN))


@cache
def _places() -> Mapping[str, list[str]]:
    """The subdivisions that are known, by country."""
    from holidays import list_supported_countries

    return list_supported_countries(include_aliases=False)
