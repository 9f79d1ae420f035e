#!/bin/sh
# Speaks prompts.txt into dialplan/prompts/LANGUAGE/textback/NAME.wav: make-prompts.sh [FOLDER]
#
# 8 kHz, 16 bit, mono, which Asterisk and FreeSWITCH play as they are. Needs espeak-ng and sox.
# Another language: add its lines to prompts.txt. Another speaker: VOICE_en=en-gb make-prompts.sh
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=${1:-$here/../prompts}
: "${VOICE_en:=en-us}" "${VOICE_es:=es-419}"

for tool in espeak-ng sox; do
  command -v "$tool" >/dev/null || { echo "make-prompts: $tool is missing: apt install espeak-ng sox" >&2; exit 1; }
done
spoken=$(mktemp)
trap 'rm -f "$spoken"' EXIT

grep -v '^#' "$here/prompts.txt" | while read -r language name text; do
  [ -n "$text" ] || continue
  eval "voice=\${VOICE_$language:-$language}"
  mkdir -p "$target/$language/textback"
  espeak-ng -v "$voice" -s 160 -w "$spoken" -- "$text" </dev/null
  # no silence around the words but a quarter of a second after them: a whisper loses its last tenth
  sox -D "$spoken" -r 8000 -c 1 -b 16 -e signed-integer "$target/$language/textback/$name.wav" \
    gain -6 highpass 150 silence 1 0.01 0.3% reverse silence 1 0.01 0.3% reverse rate 8000 norm -3 pad 0 0.25 </dev/null
done
