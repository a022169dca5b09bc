# cp: files, folders, streams; a file appears whole or not at all.
. "$(dirname "$0")/common.inc"
head -c 70000000 /dev/urandom >a.bin
"$OKIBI" cp a.bin b.bin >out.txt
cmp a.bin b.bin || die "the copy differs"
grep -q "66.8 MiB" out.txt || die "says how much: $(cat out.txt)"
mkdir folder
"$OKIBI" cp a.bin folder >out.txt && cmp a.bin folder/a.bin || die "into a folder"
"$OKIBI" cp a.bin new/ >out.txt && cmp a.bin new/a.bin || die "into a new folder"
"$OKIBI" cp --json a.bin c.bin | python3 -c "import json,sys; d=json.load(sys.stdin); assert d['nbytes'] == 70000000 and d['files'] == 1 and d['okibi_version'], d"

"$OKIBI" cp a.bin - 2>/dev/null | cmp - a.bin || die "to the standard output"
"$OKIBI" cp - d.bin <a.bin >/dev/null && cmp a.bin d.bin || die "from the standard input"
: >empty.bin
"$OKIBI" cp empty.bin e.bin >/dev/null && [ -e e.bin ] && [ ! -s e.bin ] || die "an empty file"

cp -r "$ROOT/tests/golden/dcp/sharded" dcp
"$OKIBI" cp dcp dcp2 >out.txt && diff -r dcp dcp2 || die "a folder"
"$OKIBI" diff dcp dcp2 >/dev/null || die "the copied checkpoint differs"

fails_with 2 "to itself" "$OKIBI" cp a.bin a.bin
fails_with 2 "no-such.bin" "$OKIBI" cp no-such.bin x.bin
[ ! -e x.bin ] || die "something was made of nothing"
mkdir nothing
fails_with 2 "no files" "$OKIBI" cp nothing x
[ ! -e x ] || die "a folder was made for nothing"
mkdir -p nested/in && : >nested/a
fails_with 2 "folders in the folder" "$OKIBI" cp nested x
fails_with 2 "--resume" "$OKIBI" cp --resume - x.bin

# A full disk: the file that was there stays.
echo old >full.bin
(ulimit -f 1000; fails_with 2 "full.bin" "$OKIBI" cp a.bin full.bin)
[ "$(cat full.bin)" = old ] || die "the old file is gone"
ls -A | grep -q okibi- && die "left something behind: $(ls -A)"

# Ctrl-C while the input waits.
(sleep 20 | "$OKIBI" cp - late.bin >/dev/null 2>err.txt) & sleep 0.5
pkill -INT -f "cp - late.bin" || die "it did not wait"
sleep 1
pgrep -f "cp - late.bin" >/dev/null && die "it did not stop"
[ ! -e late.bin ] || die "half a file"
true
