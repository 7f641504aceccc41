"""Writes a manual page for each public function: manual_pages.py XML DATE DIRECTORY

XML is Doxygen's output (see reference.py), DATE that of the pages, in mdoc's form.
"""

import os
import re
import sys

import reference

STATUS = "RP_OK, or the status of an error; rankpool(3) lists them."


def escaped(string):
    return string.replace("\\", "\\e")


def sentences(string):
    """Each sentence on a line of its own, as roff wants it to space them."""
    lines = re.sub(r"(?<!\.\.)([.!?]\)?) (?=[A-Z0-9*`(\\])", r"\1\n", string).split("\n")
    return [re.sub(r"^(?=[.'])", r"\\&", line) for line in lines if line]


def spans_text(spans):
    fonts = {"": "%s", "code": "\\fB%s\\fR", "emphasis": "\\fI%s\\fR"}
    out = []
    for style, string in spans:
        string = escaped(string)
        if style == "code":
            string = string.replace("-", "\\-")
        else:
            string = re.sub(r"(?<!\w)--?(?=[a-z])", lambda m: m.group().replace("-", "\\-"), string)
            string = re.sub(r"\brp_\w+(?=\()", r"\\fB\g<0>\\fR", string)
        out.append(fonts[style] % string)
    return "".join(out)


def block_lines(blocks):
    lines = []
    for number, (kind, content) in enumerate(blocks):
        if kind == "text":
            lines += [".Pp"] * (number > 0) + sentences(spans_text(content))
        elif kind == "code":
            lines += [".Bd -literal -offset indent"]
            lines += [re.sub(r"^(?=[.'])", r"\\&", escaped(line)) for line in content.split("\n")]
            lines += [".Ed"]
        else:
            lines += [".Bl -bullet"]
            for item in content:
                lines += [".It"] + block_lines(item)
            lines += [".El"]
    return lines


def name_line(brief):
    """The first sentence as apropos shows it: short, no capital in front, no stop at the end."""
    text = reference.words(brief).rstrip(".?")
    if len(text) > 75:
        text = re.sub(r"(?<=.{25})(?:[:;]| \(|, ).*", "", text)
    return escaped(text[0].lower() + text[1:] if re.match(r"[A-Z][a-z]|A ", text) else text)


def returns(symbol):
    if symbol.returns:
        return block_lines(symbol.returns)
    if symbol.type == "void":
        return ["None."]
    if symbol.type == "rp_status":
        return [STATUS]
    if symbol.name.endswith("_combine"):
        return ["0, or nonzero after a failure."]
    return sentences(spans_text(symbol.brief))


def see_also(symbol, pages):
    spoken = reference.text_of(symbol.blocks + symbol.returns + symbol.cost)
    for _, _, about in symbol.described:
        spoken += " " + reference.text_of(about)
    names = {
        name
        for name in re.findall(r"\brp_\w+(?=\()", spoken)
        if name in pages and name != symbol.name
    }
    names = sorted(names | {"rankpool", "rankpool_structs"})
    return [f".Xr {name} 3 ," for name in names[:-1]] + [f".Xr {names[-1]} 3"]


def page(symbol, pages, date):
    lines = [
        f'.\\" Made from rankpool/{symbol.topic}.h.',
        f".Dd {date}",
        f".Dt {symbol.name.upper()} 3",
        ".Os",
        ".Sh NAME",
        f".Nm {symbol.name}",
        f".Nd {name_line(symbol.brief)}",
        ".Sh LIBRARY",
        "Rankpool (librankpool, \\-lrankpool)",
        ".Sh SYNOPSIS",
        ".In rankpool.h",
        f'.Ft "{symbol.type}"',
        f".Fo {symbol.name}",
    ]
    for type_, name in symbol.parameters or [("void", "")]:
        lines.append(f'.Fa "{type_ + ("" if type_.endswith("*") or not name else " ") + name}"')
    lines += [".Fc", ".Sh DESCRIPTION"]
    lines += block_lines(symbol.blocks)
    if symbol.described:
        lines += [".Pp", "Parameters:", ".Bl -tag -width Ds"]
        for _, names, about in symbol.described:
            lines += [f".It Fa {' , '.join(names)}"] + block_lines(about)
        lines += [".El"]
    if symbol.cost:
        lines += [".Pp", "Cost:"] + block_lines(symbol.cost)
    lines += [".Sh RETURN VALUES"] + returns(symbol)
    lines += [".Sh SEE ALSO"] + see_also(symbol, pages)
    return "\n".join(lines) + "\n"


def main(xml, date, directory):
    functions = [
        symbol
        for topic in reference.read(xml)
        for symbol in topic.symbols
        if symbol.kind == "function"
    ]
    pages = {symbol.name for symbol in functions}
    for symbol in functions:
        with open(os.path.join(directory, symbol.name + ".3"), "w", encoding="ascii") as file:
            file.write(page(symbol, pages, date))


if __name__ == "__main__":
    main(*sys.argv[1:])
