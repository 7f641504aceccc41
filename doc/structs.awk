# Writes rankpool_structs(3), the members of the public structs and enumerations, from the comments of the
# headers:
#
#     awk -f doc/structs.awk lib/rankpool/*.h >rankpool_structs.3
#
# It understands the form that the headers have: a comment before each type, and one behind each member.

BEGIN {
    print ".\\\" made by structs.awk from rankpool.h"
    print ".Dd November 28, 2026\n.Dt RANKPOOL_STRUCTS 3\n.Os"
    print ".Sh NAME\n.Nm rankpool_structs\n.Nd members of the structs and enumerations of Rankpool"
    print ".Sh SYNOPSIS\n.In rankpool.h"
    print ".Sh DESCRIPTION"
    print "In every struct that a program fills in, zero means the default, and members without an entry below"
    print "stay zero."
    print "The functions are in\n.Xr rankpool 3 ."
}

# Of the text of a comment: what roff would take for its own, and stars that mean emphasis.
function escaped(text)
{
    gsub(/\\/, "\\e", text)
    gsub(/\*\*/, "*", text)
    gsub(/\*Collective[.;,]?\*/, "Collective.", text)
    gsub(/\*Local[.;,]?\*/, "Local.", text)
    gsub(/`/, "\"", text)
    return text
}

# Text, each sentence on a line of its own.
function write_text(text)
{
    text = escaped(text)
    gsub(/\.\.\. /, "\001", text)
    gsub(/\. /, ".\n", text)
    gsub(/\001/, "... ", text)
    sub(/^[.']/, "\\\\\\&&", text)
    if (text != "")
        print text
}

# The comment before a type: paragraphs, and lines that are indented by four as they are.
function write_comment(   i, line, literal, gap)
{
    literal = 0
    for (i = 1; i <= comment_lines; i++) {
        line = comment[i]
        if ((line ~ /^    /) != literal) {
            literal = !literal
            print literal ? ".Bd -literal -offset indent" : ".Ed"
            gap = 0
        }
        if (literal)
            print escaped(substr(line, 5))
        else if (line == "")
            gap = 1
        else {
            if (gap)
                print ".Pp"
            gap = 0
            write_text(line)
        }
    }
    if (literal)
        print ".Ed"
}

function write_member()
{
    sub(/ +$/, "", note)
    sub(/^ +/, "", declaration)
    sub(/[;,] *$/, "", declaration)
    if (declaration !~ /reserved\[/ && declaration != "") {
        print ".It " (declaration ~ /^RP_/ ? "Dv" : "Va") " \"" declaration "\""
        write_text(note)
    }
    declaration = note = ""
}

# Ends the type: what has no comment of its own is told by its declaration.
function close_type()
{
    write_member()
    print ".El"
    inside = 0
}

# ---- comments that stand before something --------------------------------------------------------

!inside && /^\/\*\*/ { commented = 1; comment_lines = 0 }
commented {
    line = $0
    last = line ~ /\*\/ *$/
    sub(/ *\*\/ *$/, "", line)
    sub(/^(\/\*\*| \*) ?/, "", line)
    if (!(line == "" && (last || comment_lines == 0)))
        comment[++comment_lines] = line
    if (last)
        commented = 0
    next
}

# ---- types ---------------------------------------------------------------------------------------

/^(typedef (struct|enum) [a-z_]+|enum) \{$/ {
    inside = 1
    name = $1 == "enum" ? "RP_ITEM" : $3
    if (name == "rp_status") { inside = 0; next }  # a table; rankpool(3) has it
    print ".Ss " name
    write_comment()
    print ".Bl -tag -width Ds"
    next
}
inside && /^\}/ { close_type(); next }

inside {
    line = $0
    if (noted) {                                     # further lines of a comment behind a member
        noted = line !~ /\*\/ *$/
        sub(/ *\*\/ *$/, "", line)
        sub(/^ +/, "", line)
        note = note " " line
        next
    }
    write_member()
    at = index(line, "/**<")
    if (at == 0) { declaration = line; next }
    declaration = substr(line, 1, at - 1)
    note = substr(line, at + 5)
    noted = note !~ /\*\/ *$/
    sub(/ *\*\/ *$/, "", note)
    sub(/ +$/, "", declaration)
}

END { print ".Sh SEE ALSO\n.Xr rankpool 3" }
