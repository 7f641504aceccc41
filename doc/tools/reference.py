"""The public functions, types and constants, as Doxygen's XML describes them (see Doxyfile)."""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree


class Symbol:
    """A function, struct, enumeration, callback, opaque type or macro.

    Text is a list of blocks: ("text", spans), ("code", string), ("list", [blocks, ...]). A span is
    (style, string), where style is "", "code" or "emphasis".
    """

    def __init__(self, name, kind, topic):
        self.name = name
        self.kind = kind
        self.topic = topic  # the header, without .h
        self.line = 0  # of the header
        self.type = ""
        self.parameters = []  # (type, name)
        self.blocks = []
        self.brief = []  # the first sentence of the blocks
        self.described = []  # parameters: (direction, names, blocks)
        self.returns = []
        self.cost = []
        self.members = []  # (declaration, names, blocks)


class Topic:
    """A header."""

    def __init__(self, name, brief, blocks):
        self.name = name
        self.brief = brief
        self.blocks = blocks
        self.symbols = []


def plain(element):
    """The characters of an element."""
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip() if element is not None else ""


def _alone(spans):
    """Without "like the functions below", which is true of a header, but not of a page."""
    out = []
    for style, string in spans:
        if out and out[-1] == ("emphasis", "Local,") and string.startswith(" like "):
            out[-1] = ("emphasis", "Local")
            string = re.sub(r"^ like [^.;]*", "", string)
        out.append((style, string))
    return out


def words(spans):
    return "".join(string for _, string in spans)


def text_of(blocks):
    """All characters of blocks, to look for names in."""
    parts = []
    for kind, content in blocks:
        if kind == "text":
            parts.append(words(content))
        elif kind == "code":
            parts.append(content)
        else:
            parts.extend(text_of(item) for item in content)
    return " ".join(parts)


class _Description:
    """Collects the blocks, parameters and results of a detaileddescription."""

    def __init__(self):
        self.blocks = []
        self.described = []
        self.returns = []
        self.cost = []

    def read(self, element, blocks=None):
        blocks = self.blocks if blocks is None else blocks
        for child in element if element is not None else ():
            if child.tag == "para":
                self._paragraph(child, blocks)
            else:
                self._unknown(child, blocks)
        return self

    def _paragraph(self, para, blocks):
        spans = []

        def flush():
            spans[:] = [(style, re.sub(r"\s+", " ", string)) for style, string in _alone(spans)]
            if words(spans).strip():
                spans[0] = (spans[0][0], spans[0][1].lstrip())
                spans[-1] = (spans[-1][0], spans[-1][1].rstrip())
                blocks.append(("text", list(spans)))
            spans.clear()

        spans.append(("", para.text or ""))
        for child in para:
            if child.tag in ("computeroutput", "emphasis", "bold"):
                style = "code" if child.tag == "computeroutput" else "emphasis"
                spans.append((style, "".join(child.itertext())))
            elif child.tag == "ndash":
                spans.append(("", "--"))
            elif child.tag in ("ref", "ulink"):
                spans.append(("", "".join(child.itertext())))
            else:
                flush()
                self._block(child, blocks)
            spans.append(("", child.tail or ""))
        flush()

    def _block(self, child, blocks):
        if child.tag in ("verbatim", "preformatted"):
            blocks.append(("code", "".join(child.itertext()).strip("\n")))
        elif child.tag == "programlisting":
            blocks.append(("code", "\n".join(_code_line(line) for line in child.iter("codeline"))))
        elif child.tag == "itemizedlist":
            items = []
            for item in child:
                items.append([])
                self.read(item, items[-1])
            blocks.append(("list", items))
        elif child.tag == "parameterlist":
            for item in child:
                names = item.find("parameternamelist").findall("parametername")
                about = []
                self.read(item.find("parameterdescription"), about)
                self.described.append(
                    (names[0].get("direction", ""), [plain(name) for name in names], about)
                )
        elif child.tag == "simplesect":
            place = {"return": self.returns, "par": self.cost}.get(child.get("kind"))
            if place is None:
                self._unknown(child, blocks)
                return
            for para in child.findall("para"):
                self._paragraph(para, place)
        else:
            self._unknown(child, blocks)

    def _unknown(self, element, blocks):
        """Of another Doxygen, or by accident, as of a line that begins with a number and a stop."""
        text = plain(element)
        print(f"reference.py: text in an unknown <{element.tag}>: {text}", file=sys.stderr)
        blocks.append(("text", [("", text)]))


def _code_line(line):
    for space in line.iter("sp"):
        space.text = " "
    return "".join(line.itertext())


def _first_sentence(blocks):
    spans = []
    for style, string in blocks[0][1] if blocks else ():
        end = re.search(r"(?<!\.\.)[.?](?= |$)", string) if style == "" else None
        spans.append((style, string[: end.end()] if end else string))
        if end:
            break
    return spans


def _describe(symbol, element):
    symbol.line = int(element.find("location").get("line"))
    detail = _Description().read(element.find("detaileddescription"))
    symbol.blocks, symbol.brief = detail.blocks, _first_sentence(detail.blocks)
    symbol.described, symbol.returns, symbol.cost = detail.described, detail.returns, detail.cost
    return symbol


def _about(element):
    blocks = _Description().read(element.find("briefdescription")).blocks
    return blocks + _Description().read(element.find("detaileddescription")).blocks


def _function(member, topic):
    symbol = Symbol(plain(member.find("name")), "function", topic)
    symbol.type = re.sub(r"^(extern|inline|static) ", "", plain(member.find("type")))
    for param in member.findall("param"):
        name = plain(param.find("declname"))
        array = plain(param.find("array"))
        symbol.parameters.append((plain(param.find("type")), name + array))
    return _describe(symbol, member)


def _callback(member, topic):
    symbol = Symbol(plain(member.find("name")), "callback", topic)
    symbol.type = re.sub(r" ?\(\*$", "", plain(member.find("type")))
    inside = re.sub(r"^\)\((.*)\)$", r"\1", plain(member.find("argsstring")))
    for param in inside.split(", "):
        split = re.match(r"(.*[ *])(\w+)$", param)
        symbol.parameters.append((split.group(1).strip(), split.group(2)) if split else (param, ""))
    return _describe(symbol, member)


def _enumeration(member, topic, texts):
    symbol = Symbol(plain(member.find("name")), "enumeration", topic)
    for value in member.findall("enumvalue"):
        name = plain(value.find("name"))
        about = _about(value) or [("text", [("", texts[name])])] if name in texts else _about(value)
        symbol.members.append((f"{name} {plain(value.find('initializer'))}".strip(), [name], about))
    return _describe(symbol, member)


def _struct(path, topic):
    definition = ElementTree.parse(path).getroot().find("compounddef")
    symbol = _describe(Symbol(plain(definition.find("compoundname")), "struct", topic), definition)
    last = None
    for member in definition.iter("memberdef"):
        name = plain(member.find("name"))
        if name == "reserved":
            continue
        type_, suffix = plain(member.find("type")), plain(member.find("argsstring"))
        line = (type_.rstrip(" *"), member.find("location").get("line"))
        about = _about(member)
        if line == last:  # of one declaration, whose comment is that of the last
            declaration, names, before = symbol.members.pop()
            stars = re.search(r"\**$", type_).group()
            symbol.members.append(
                (f"{declaration}, {stars}{name}{suffix}", names + [name], before or about)
            )
        else:
            symbol.members.append((f"{type_} {name}{suffix}".replace("* ", "*"), [name], about))
        last = line
    return symbol


def _symbols_of(definition, directory, topic):
    texts = {}
    for member in definition.iter("memberdef"):
        if plain(member.find("name")) == "RP_STATUS_TABLE":
            texts = dict(
                re.findall(
                    r'each\((\w+), \d+, "(.*?)"\)', "".join(member.find("initializer").itertext())
                )
            )
    found = []
    for inner in definition.findall("innerclass"):
        found.append(_struct(os.path.join(directory, inner.get("refid") + ".xml"), topic))
    for member in definition.iter("memberdef"):
        kind, name = member.get("kind"), plain(member.find("name"))
        if kind == "function":
            found.append(_function(member, topic))
        elif kind == "enum" and name.startswith("rp_"):
            found.append(_enumeration(member, topic, texts))
        elif kind == "enum":  # without a name
            symbol = _enumeration(member, topic, texts)
            symbol.name = symbol.members[0][1][0]
            found.append(symbol)
        elif kind == "typedef" and plain(member.find("argsstring")).startswith(")"):
            found.append(_callback(member, topic))
        elif kind == "typedef":
            found.append(_describe(Symbol(name, "opaque type", topic), member))
        elif kind == "define" and not re.search(
            r"_DECLARATIONS$|_LINKAGE$|STATUS_ENUMERATOR$", name
        ):
            symbol = _describe(Symbol(name, "macro", topic), member)
            if symbol.brief:
                found.append(symbol)
    return sorted(found, key=lambda symbol: symbol.line)


def read(directory):
    """The topics in Doxygen's output, each with its symbols, in the order of the headers."""
    index = ElementTree.parse(os.path.join(directory, "index.xml")).getroot()
    topics = []
    for compound in index.findall("compound[@kind='file']"):
        definition = ElementTree.parse(
            os.path.join(directory, compound.get("refid") + ".xml")
        ).getroot()[0]
        name = plain(definition.find("compoundname"))[:-2]
        brief = _Description().read(definition.find("briefdescription")).blocks
        detail = _Description().read(definition.find("detaileddescription")).blocks
        topic = Topic(name, brief[0][1] if brief else [], detail)
        topic.symbols = _symbols_of(definition, directory, name)
        if topic.symbols or name == "rankpool":
            topics.append(topic)
    if sum(len(topic.symbols) for topic in topics) == 0:
        raise ValueError(f"{directory}: no symbols")
    return topics
