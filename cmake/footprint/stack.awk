# The most stack that an image can use, by the compiler's account of every function and of who calls whom
# (-fcallgraph-info=su). Prints the deepest path, then "bound BYTES".
#
#   awk -f stack.awk indirect.calls IMAGE.ci
#
# The compiler can't know where a call through a pointer goes, nor what is in libraries: indirect.calls says it, by
# the pointer's name in the source. A call that it does not know is an error, and so is a recursion: there would be
# no bound.

function fail(text) {
    print "stack: " text > "/dev/stderr"
    failed = 1
    exit 1
}

{
    sub(/#.*/, "")
    rest = $0
    sub(/^[a-z]+ +[^ ]+/, "", rest)
}
$1 == "call" { reaches[$2] = rest }
$1 == "stack" { frame[$2] = rest + 0 }
$1 == "without" { without[$2] = rest }
$1 == "entry" { entry = $2 }
$1 == "interrupt" { interrupts = interrupts " " $2 }

# --- the compiler's graph: node: { title: "T" label: "NAME\nPLACE\nBYTES" }, edge: from, to, place ---

function last_of(path,    part, n) {
    n = split(path, part, "/")
    return part[n]
}

# A function's name in the source: without the object, and without .constprop.0 or .lto_priv.1, which mark copies.
function plain_of(title) {
    sub(/.*:/, "", title)
    sub(/\..*/, "", title)
    return title
}

/^node:/ {
    split($0, field, "\"")
    lines = split(field[4], label, /\\n/)
    title = field[2]
    plain = plain_of(title)
    if (title != "__indirect_call")
        titles[plain] = titles[plain] " " title
    if (lines >= 3) {
        if (label[3] ~ /dynamic/ && label[3] !~ /bounded/)
            fail(plain " uses an unknown amount of stack")
        frame[title] = label[3] + 0
    }
}

/^edge:/ {
    split($0, field, "\"")
    if (field[4] == "__indirect_call")
        pointers[field[2]] = pointers[field[2]] " " field[6]
    else
        calls[field[2]] = calls[field[2]] " " field[4]
}

# The source text of a line.
function text_at(file, line,    text, n) {
    if (!(file in read)) {
        for (n = 1; (getline text < file) > 0; n++)
            source[file, n] = text
        close(file)
        read[file] = 1
    }
    return source[file, line]
}

# The name of the pointer that is called in a source text: `c->config.print(` is print, `ops(c)->abort(` is abort.
function pointer_in(text,    name, depth, c) {
    while (text != "") {
        if (match(text, /^[A-Za-z_][A-Za-z_0-9]*/)) {
            name = substr(text, 1, RLENGTH)
            text = substr(text, RLENGTH + 1)
        } else if (text ~ /^[\[(]/ && name != "") {
            c = text
            depth = 0
            do {
                depth += text ~ /^[\[(]/
                depth -= text ~ /^[\])]/
                text = substr(text, 2)
            } while (depth > 0 && text != "")
            if (c ~ /^\(/ && text !~ /^(->|\.)/)
                return name
        } else {
            text = substr(text, 2)
        }
    }
    return name
}

# The functions, by title, that the call at a place may reach: those of them that the image has.
function reached(place,    part, name, key, i, n, callee, list) {
    split(place, part, ":")
    name = pointer_in(substr(text_at(part[1], part[2]), part[3]))
    key = last_of(part[1]) ":" name
    if (!(key in reaches))
        key = name
    if (!(key in reaches))
        fail("where does the call of " name " lead? (" place ")")
    n = split(reaches[key], callee, " ")
    for (i = 1; i <= n; i++)
        list = list titles[callee[i]]
    return list
}

# The same of all calls through pointers in a function.
function reached_from(title,    place, i, n, list) {
    n = split(pointers[title], place, " ")
    for (i = 1; i <= n; i++)
        list = list reached(place[i])
    return list
}

# --- the deepest path ---

# A title of its own that was found to be the same code as another's.
function known(title,    plain, i, n, same) {
    if (title in frame)
        return title
    plain = plain_of(title)
    n = split(titles[plain], same, " ")
    for (i = 1; i <= n; i++)
        if (same[i] in frame)
            return same[i]
    fail("how much stack does " plain " use?")
}

# The depth below and with a function, while `context` (a function above, or "") keeps some from being called.
function depth_of(title, context,    i, n, callee, below, best) {
    title = known(title)
    if (index(without[context] " ", " " plain_of(title) " ") > 0)
        return 0
    if (plain_of(title) in without)
        context = plain_of(title)
    if ((context, title) in depth)
        return depth[context, title]
    if ((context, title) in open)
        fail("recursion through " plain_of(title))
    open[context, title] = 1
    n = split(calls[title] reached_from(title), callee, " ")
    best = 0
    for (i = 1; i <= n; i++) {
        below = depth_of(callee[i], context)
        if (below > best) {
            best = below
            deepest[context, title] = callee[i]
        }
    }
    delete open[context, title]
    depth[context, title] = frame[title] + best
    return depth[context, title]
}

function print_path(title,    context, callee) {
    for (context = ""; title != ""; title = callee) {
        title = known(title)
        if (plain_of(title) in without)
            context = plain_of(title)
        callee = deepest[context, title]
        printf "%6d %s\n", frame[title], plain_of(title)
    }
}

END {
    if (failed)
        exit 1
    n = split(titles[entry], root, " ")
    if (n != 1)
        fail("there is no function " entry)
    bound = depth_of(root[1], "")
    print_path(root[1])
    n = split(interrupts, handler, " ")
    for (i = 1; i <= n; i++)
        if (titles[handler[i]] != "") {
            split(titles[handler[i]], root, " ")
            if (depth_of(root[1], "") > most) {
                most = depth_of(root[1], "")
                worst = root[1]
            }
        }
    if (worst != "") {
        print "    36 (an interrupt comes)" # eight words, and one to align the stack
        print_path(worst)
        bound += 36 + most
    }
    print "bound", bound
}
