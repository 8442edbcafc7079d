"""Any file name gives a valid header and can be saved safely."""

import re
from urllib.parse import unquote

import pytest
from django.http import HttpResponse

from common.files import content_disposition

pytestmark = pytest.mark.plain

PLAIN = ["report.pdf", "a (1).txt", "it's & so on; really.md", ".env", "a=b,c.csv", "x" * 255]
EVIL = {
    'a".html': 'a".html',
    "a\\b.txt": "b.txt",
    "a%41.txt": "a%41.txt",
    "../../etc/passwd": "passwd",
    "C:\\Windows\\evil.exe": "evil.exe",
    "a\r\nSet-Cookie: x=1": "aSet-Cookie: x=1",
    "a\n": "a",
    "a\x00.exe\x7f": "a.exe",
    "\u202egpj.exe": "gpj.exe",
    "a\u2066b\u2069\u200e\u200f\u061c.txt": "ab.txt",
    "a\u2028b\u2029c\u0085d": "abcd",
    "evil.exe. . .": "evil.exe",
    "   x.txt": "x.txt",
    "": "file",
    "..": "file",
    "\u202e\n": "file",
    "\ud800.txt": ".txt",
    "résumé.pdf": "résumé.pdf",
    "re\u0301sume\u0301.pdf": "résumé.pdf",
    "Отчёт за май.docx": "Отчёт за май.docx",
    "报告／终.pdf": "报告／终.pdf",
    "می\u200cخواهم.txt": "می\u200cخواهم.txt",
    "👩\u200d👩\u200d👧.png": "👩\u200d👩\u200d👧.png",
    "x" * 300: "x" * 255,
    "*/etc'utf-8''b": "etc'utf-8''b",
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_name_is_sent_as_it_is(name):
    assert content_disposition(name, is_inline=True) == f'inline; filename="{name}"'
    assert content_disposition(name, is_inline=False) == f'attachment; filename="{name}"'


@pytest.mark.parametrize(("name", "saved"), EVIL.items(), ids=map(ascii, EVIL))
def test_any_name_is_saved_as_what_it_seems_to_be(name, saved):
    header = content_disposition(name, is_inline=False)
    match = re.fullmatch(r"""attachment; filename="([^"\\%]*)"(?:; filename\*=UTF-8''([\w%.~-]+))?""", header, re.ASCII)

    assert match, header
    plain, whole = match.groups()
    assert (unquote(whole, errors="strict") if whole else plain) == saved
    assert plain
    assert all(" " <= one <= "~" and one not in "/\\" for one in plain)
    HttpResponse(headers={"Content-Disposition": header})  # which refuses what would end the header


def test_old_programs_get_letters_without_their_accents():
    header = content_disposition("Résumé Ω.pdf", is_inline=False)
    assert header == "attachment; filename=\"Resume _.pdf\"; filename*=UTF-8''R%C3%A9sum%C3%A9%20%CE%A9.pdf"
