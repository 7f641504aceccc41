"""Listings in HTML, with comments, strings and keywords coloured, and public names linked."""

import html
import re

C_WORDS = """auto bool break case char const continue default do double else enum extern false
    float for if inline int int64_t long namespace nullptr return short signed size_t sizeof
    static struct switch template this true typedef typename uint64_t uint8_t union unsigned
    using void volatile while"""
PYTHON_WORDS = """and as assert break class continue def del elif else except False finally for
    from global if import in is lambda None nonlocal not or pass raise return True try while
    with yield"""
SHELL_WORDS = "case do done elif else esac exec exit export fi for if in set shift then while"
FORTRAN_WORDS = """allocatable allocate call character contains do double else end function if
    implicit in integer intent module none out parameter pointer print program real result stop
    subroutine target then type use value while"""

STRINGS = r"""(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
NAME = r"(?P<name>[A-Za-z_]\w*)"
C = (r"(?P<comment>/\*.*?\*/|//[^\n]*)|^(?P<directive>\s*#\s*\w+)(?P<file>\s*<[^>\n]*>)?", C_WORDS)
HASH = r"(?P<comment>(?:(?<=\s)|^)#[^\n]*)"
FORMS = {
    "c": C,
    "h": C,
    "cc": C,
    "cpp": C,
    "py": (HASH, PYTHON_WORDS),
    "python": (HASH, PYTHON_WORDS),
    "sh": (HASH, SHELL_WORDS),
    "bash": (HASH, SHELL_WORDS),
    "f90": (r"(?P<comment>![^\n]*)", FORTRAN_WORDS),
    "fortran": (r"(?P<comment>![^\n]*)", FORTRAN_WORDS),
}


def coloured(text, language, link):
    """The listing as HTML. `link` gives the page of a name, or None."""
    form, keywords = FORMS.get(language, (r"(?P<comment>(?!))", ""))
    keywords = set(keywords.split())
    strings = STRINGS if language in FORMS else r"(?P<string>(?!))"

    def token(match):
        kind, found = match.lastgroup, match.group()
        if kind == "file":
            word = f'<span class="word">{html.escape(match.group("directive"))}</span>'
            return word + html.escape(match.group("file"))
        if kind == "name" and found in keywords:
            kind = "word"
        elif kind == "name":
            target = link(found)
            return f'<a href="{target}">{found}</a>' if target else found
        if kind == "directive":
            kind = "word"
        return f'<span class="{kind}">{html.escape(found)}</span>'

    out, end = [], 0
    for match in re.finditer(f"{form}|{strings}|{NAME}", text, re.M | re.S):
        out += [html.escape(text[end : match.start()]), token(match)]
        end = match.end()
    return "<pre><code>" + "".join(out) + html.escape(text[end:]) + "</code></pre>"
