# Sourced by ./mvnw and ./heddle: finds a JDK of the feature version below and exports JAVA_HOME.
# Exits with 1, saying what was found, when there is none.

HEDDLE_JDK=25

# The feature version of the JDK in folder $1 (nothing if it holds no JDK).
jdk_version_of() {
  [ -x "$1/bin/javac" ] && [ -x "$1/bin/java" ] || return 0
  if [ -r "$1/release" ]; then
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
  else
    "$1/bin/java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1
  fi
}

# The JDK folder that the `java` on the PATH belongs to, links followed.
jdk_on_path() {
  jdk_java=$(command -v java 2>/dev/null) || return 0
  while [ -L "$jdk_java" ]; do
    jdk_link=$(readlink "$jdk_java")
    case $jdk_link in
      /*) jdk_java=$jdk_link ;;
      *) jdk_java=$(dirname "$jdk_java")/$jdk_link ;;
    esac
  done
  dirname "$(dirname "$jdk_java")"
}

# Takes folder $1 (named by $2) if it is the JDK we want, else notes what it is.
jdk_try() {
  [ -n "$1" ] && [ -d "$1" ] || return 1
  jdk_version=$(jdk_version_of "$1")
  if [ "$jdk_version" = "$HEDDLE_JDK" ]; then
    JAVA_HOME=$1
    export JAVA_HOME
    return 0
  fi
  if [ -n "$jdk_version" ]; then
    case $jdk_found in
      *"  $1 ("*) ;;
      *) jdk_found="$jdk_found
  $1 (JDK $jdk_version, $2)" ;;
    esac
  elif [ "$2" = "JAVA_HOME" ]; then
    jdk_found="$jdk_found
  $1 (no JDK: bin/java or bin/javac is missing, $2)"
  fi
  return 1
}

find_jdk() {
  jdk_found=
  jdk_try "${JAVA_HOME:-}" JAVA_HOME && return 0
  jdk_try "${JDK_25:-}" JDK_25 && return 0
  jdk_try "${JAVA25_HOME:-}" JAVA25_HOME && return 0
  jdk_try "${JAVA_HOME_25_X64:-}" JAVA_HOME_25_X64 && return 0
  for jdk_dir in \
    /usr/lib/jvm/* /usr/java/* /opt/* /opt/*/* \
    "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* "$HOME"/.jdks/*/Contents/Home \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home; do
    jdk_try "$jdk_dir" "usual place" && return 0
  done
  jdk_try "$(jdk_on_path)" PATH && return 0

  {
    echo "No JDK $HEDDLE_JDK found, and Heddle needs one to build and to run."
    if [ -n "$jdk_found" ]; then
      echo "Found:$jdk_found"
    else
      echo "Found: no JDK at all."
    fi
    echo "Expected: a JDK $HEDDLE_JDK in JAVA_HOME, JDK_25, JAVA25_HOME, under /usr/lib/jvm, /opt,"
    echo "  ~/.sdkman/candidates/java, ~/.jdks, /Library/Java/JavaVirtualMachines, or on the PATH."
    echo "Install one (for example Eclipse Temurin $HEDDLE_JDK) or set JAVA_HOME to it."
  } >&2
  exit 1
}

find_jdk
