# Which part of the program an image's bytes come from. Reads `readelf -W -S -s --debug-dump=info,decodedline IMAGE` and
# prints
#
#   size flash BYTES             likewise ram, stack
#   part NAME flash data bss     bytes of each
#   variable NAME PART BYTES     of each large one in RAM
#
# With link-time optimisation the linker's map knows nothing about that, but the debug information still has the
# file in which each variable and each instruction was written. -v rules="NAME=PATH,..." names the parts by the
# beginning of that path.

function hex(s,    i, n) {
    sub(/^0x/, "", s)
    for (i = 1; i <= length(s); i++)
        n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
    return n + 0
}

/^  \[ *[0-9]+\]/ {
    match($0, /[0-9]+/)
    section = substr($0, RSTART, RLENGTH)
    sub(/^  \[ *[0-9]+\] */, "")
    if ($7 ~ /A/) {
        kind[section] = $7 ~ /W/ || $2 == "NOBITS" ? ($2 == "NOBITS" ? "bss" : "data") : "flash"
        if ($1 == ".stack")
            kind[section] = "stack"
        total[kind[section]] += hex($5)
    }
}

# Variables that are zero may come without a type (.lcomm).
$4 == "FUNC" || $4 == "OBJECT" || ($4 == "NOTYPE" && $3 + 0 > 0) {
    if (!($7 in kind) || kind[$7] == "stack")
        next
    at = hex($2)
    if ($4 == "FUNC")
        at -= at % 2 # the bit that says Thumb
    bytes = $3 ~ /^0x/ ? hex($3) : $3 + 0
    if (bytes > size[at]) { # a name for the same bytes is no second copy of them
        size[at] = bytes
        in_kind[at] = kind[$7]
        is_function[at] = $4 == "FUNC"
        name_at[at] = $8
    }
}

$8 == "__noise_start" { noise -= hex($2) } # RAM that must keep what is in it
$8 == "__noise_end" { noise += hex($2) }

# An entry of the debug information: <depth><offset>, then its attributes, one a line.
/^ <[0-9a-f]+><[0-9a-f]+>: / {
    split($0, field, /[<>]/)
    entry = field[4]
    tag = $NF
    if (tag == "(DW_TAG_compile_unit)")
        unit_at[++units] = hex(entry)
}
/ DW_AT_name / && tag == "(DW_TAG_compile_unit)" { unit[units] = $NF }
/ DW_AT_(abstract_origin|specification)/ && tag ~ /subprogram|variable/ {
    split($0, field, /[<>]/)
    sub(/^0x/, "", field[4])
    origin[entry] = field[4]
}
/ DW_AT_low_pc / && tag == "(DW_TAG_subprogram)" { defined_by[hex($NF)] = entry }
/ DW_AT_location .*DW_OP_addr: / && tag == "(DW_TAG_variable)" {
    sub(/.*DW_OP_addr: /, "")
    sub(/\).*/, "")
    defined_by[hex($0)] = entry
}

# The lines: a path, then FILE LINE ADDRESS for each piece of code from there.
/^[.\/].*:$/ { path = substr($0, 1, length($0) - 1) }
/^[^ ]+ +[0-9]+ +0x[0-9a-f]+ / { path_at[hex($3)] = path }

function unit_of(entry,    low, high, middle, at) {
    while (entry in origin)
        entry = origin[entry]
    at = hex(entry)
    low = 1
    high = units
    while (low < high) {
        middle = int((low + high + 1) / 2)
        if (unit_at[middle] <= at)
            low = middle
        else
            high = middle - 1
    }
    return unit[low]
}

function part_of_path(path,    i) {
    for (i = 1; i <= rule_count; i++)
        if (index(path, rule_path[i]) == 1)
            return rule_name[i]
    return "libc"
}

function part_of(at) {
    if (at in defined_by)
        return part_of_path(unit_of(defined_by[at]))
    return is_function[at] ? "libc" : "rest"
}

# Adds a function to the parts that its instructions were written in.
function add_code(at,    part, end) {
    part = part_of(at)
    end = at + size[at]
    for (at += 0; at < end; at += 2) {
        if (at in path_at)
            part = part_of_path(path_at[at])
        sum[part, "flash"] += 2
    }
}

function print_part(name, flash, data, bss) {
    if (flash + data + bss > 0)
        print "part", name, flash + data, data + 0, bss + 0
}

END {
    rule_count = split(rules, rule, ",")
    for (i = 1; i <= rule_count; i++) {
        split(rule[i], field, "=")
        rule_name[i] = field[1]
        rule_path[i] = field[2]
    }
    for (at in size) {
        named[in_kind[at]] += size[at]
        if (is_function[at]) {
            add_code(at)
            continue
        }
        part = part_of(at)
        sum[part, in_kind[at]] += size[at]
        if (in_kind[at] != "flash" && size[at] >= 64)
            print "variable", name_at[at], part, size[at]
    }
    sum["rest", "flash"] += total["flash"] - named["flash"]
    sum["rest", "data"] += total["data"] - named["data"]
    sum["rest", "bss"] += total["bss"] - named["bss"]
    sum["rest", "bss"] += noise
    total["bss"] += noise
    print "size flash", total["flash"] + total["data"]
    print "size ram", total["data"] + total["bss"] + total["stack"]
    print "size stack", total["stack"]
    names = "libc rest"
    for (i = rule_count; i > 0; i--)
        if (index(" " names " ", " " rule_name[i] " ") == 0)
            names = rule_name[i] " " names
    count = split(names, name, " ")
    for (i = 1; i <= count; i++)
        print_part(name[i], sum[name[i], "flash"], sum[name[i], "data"], sum[name[i], "bss"])
    print_part("all", total["flash"], total["data"], total["bss"])
}
