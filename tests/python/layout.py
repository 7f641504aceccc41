"""The structs of rankpool.library have the members of the headers, at their offsets."""
import os
import subprocess
import sys
import tempfile

from rankpool import library

structs = [library.rp_error, library.rp_config, library.rp_options, library.rp_stream_job,
           library.rp_map_job, library.rp_reduce_job]
lines, expected = [], []
for struct in structs:
    name = struct.__name__
    lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
    expected.append(f"{name} {library.ctypes.sizeof(struct)}")
    for member, _ in struct._fields_:
        in_c = member.rstrip("_")
        lines.append(f'printf("{name}.{member} %zu %zu\\n", offsetof({name}, {in_c}), '
                     f"sizeof((({name} *)NULL)->{in_c}));")
        field = getattr(struct, member)
        expected.append(f"{name}.{member} {field.offset} {field.size}")

with tempfile.TemporaryDirectory() as directory:
    source = os.path.join(directory, "layout.c")
    with open(source, "w", encoding="ascii") as file:
        file.write("#include <rankpool.h>\n#include <stdio.h>\nint main(void)\n{\n"
                   + "\n".join(lines) + "\nreturn 0;\n}\n")
    program = os.path.join(directory, "layout")
    subprocess.run([*os.environ["CC"].split(), "-I" + sys.argv[1], source, "-o", program],
                   check=True)
    found = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split("\n")
sys.exit([each for each in set(expected) ^ set(found[:-1])] or None)
