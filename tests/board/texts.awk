# texts.awk: COUNT lines of 1 to 1,000 bytes of UTF-8, from SEED; the shortest and the longest are among them. None
# is a command or begins or ends with a space.
BEGIN {
  srand(SEED)
  count = split("ä ß é 你 好 € 😀 \" \\ { } ' # % $ & < > | ~ ^", special, " ")
  letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.:;-_ "
  for (n = 1; n <= COUNT; n++) {
    size = n == 2 ? 1 : n == 3 ? 1000 : n == 4 ? 999 : 1 + int(rand() * 1000)
    line = ""
    while (length(line) < size) {
      char = substr(letters, 1 + int(rand() * length(letters)), 1)
      if (rand() < 0.1)
        char = special[1 + int(rand() * count)]
      if (length(line) + length(char) > size)
        char = "."
      if (char == " " && (line == "" || length(line) + 1 == size))
        char = "x"
      line = line char
    }
    print line
  }
}
