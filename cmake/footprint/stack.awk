# The most stack that an image can use, by the compiler's account of every function and of who calls whom
# (-fcallgraph-info=su). Prints the deepest path, then "bound BYTES".
#
#   nm IMAGE | awk -f stack.awk indirect.calls IMAGE.ci -
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
$1 == "twice" { twice[$2] = 1 }
$1 == "entry" { entry = $2 }
$1 == "interrupt" { interrupts = interrupts " " $2 }

# --- nm: ADDRESS TYPE NAME. Functions of the same code are one, by any of their names ---

NF == 3 && $2 ~ /^[tTwW]$/ {
    address[$3] = $1
    names_at[$1] = names_at[$1] " " $3
}

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
    if (lines >= 3) {
        file = last_of(label[2])
        sub(/:.*/, "", file)
        titles[plain] = titles[plain] " " title
        titles[file ":" plain] = titles[file ":" plain] " " title
        if (label[3] ~ /dynamic/ && label[3] !~ /bounded/)
            fail(plain " uses an unknown amount of stack")
        frame[title] = label[3] + 0
        name = title
        sub(/.*:/, "", name)
        title_of[name] = title
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
        list = list (callee[i] in titles ? titles[callee[i]] : callee[i] in frame ? " " callee[i] : "")
    if (n > 0 && callee[1] != "-" && list == "")
        fail("none of those that " key " may lead to is there (" place ")")
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

# The title, of those that mean the same code, for which the compiler states the stack.
function known(title,    name, same, i, n) {
    if (title in frame)
        return title
    name = title
    sub(/.*:/, "", name)
    n = split(names_at[address[name]], same, " ")
    for (i = 1; i <= n; i++)
        if (same[i] in title_of)
            return title_of[same[i]]
    fail("how much stack does " name " use?")
}

# What the context becomes in a function: the functions above that matter to those below.
function entered(context, name) {
    return name in without || name in twice ? context " " name : context
}

# Whether a function can't be called in a context.
function is_out(name, context,    above, i, n, times) {
    n = split(context, above, " ")
    for (i = 1; i <= n; i++) {
        if (index(without[above[i]] " ", " " name " ") > 0)
            return 1
        times += above[i] == name
    }
    return name in twice && times == 2
}

# The bytes below and with a function.
function depth_of(title, context,    i, n, callee, below, best, at) {
    title = known(title)
    if (is_out(plain_of(title), context))
        return 0
    context = entered(context, plain_of(title))
    at = context SUBSEP title
    if (at in depth)
        return depth[at]
    if (at in open)
        fail("recursion through " plain_of(title))
    open[at] = 1
    n = split(calls[title] reached_from(title), callee, " ")
    best = 0
    for (i = 1; i <= n; i++) {
        below = depth_of(callee[i], context)
        if (below > best) {
            best = below
            deepest[at] = callee[i]
        }
    }
    delete open[at]
    depth[at] = frame[title] + best
    return depth[at]
}

function print_path(title,    context) {
    while (title != "") {
        title = known(title)
        context = entered(context, plain_of(title))
        printf "%6d %s\n", frame[title], plain_of(title)
        title = deepest[context SUBSEP title]
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
