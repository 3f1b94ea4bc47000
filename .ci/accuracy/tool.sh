#!/bin/sh
# Stands in for a package manager or a compiler: under the name of one it writes
# what that would write, made of its arguments and of the files that it finds.
set -e
name=$(basename "$0")
out=
previous=
for argument; do
	case $previous in -o | --output | --out | --target-dir) out=$argument ;; esac
	case $argument in -o=* | --output=* | --out=*) out=${argument#*=} ;; --prefix=*) out=${argument#*=}/installed ;; esac
	previous=$argument
done
if [ -z "$out" ]; then
	case "$name $*" in
	npm*run*build* | yarn*build* | pnpm*build* | vite* | tsc*) out=dist/app.js ;;
	npm* | npx* | yarn* | pnpm* | "bun "*) out=node_modules/installed ;;
	pip* | poetry* | uv* | python*) out=/usr/local/lib/python/installed ;;
	go*mod*) out=/go/pkg/mod/installed ;;
	go*) out=/go/bin/app ;;
	cargo*fetch* | cargo*chef*) out=/usr/local/cargo/registry ;;
	cargo*) out=target/release/app ;;
	mvn*go-offline* | mvn*resolve*) out=/root/.m2/installed ;;
	mvn*) out=target/app.jar ;;
	gradle*dependencies*) out=/root/.gradle/installed ;;
	gradle*) out=build/libs/app.jar ;;
	bundle* | gem*) out=/usr/local/bundle/installed ;;
	composer*) out=vendor/autoload.php ;;
	dotnet*restore*) out=obj/project.assets.json ;;
	dotnet*) out=bin/app.dll ;;
	cmake* | make* | ninja* | meson*) out=build/app ;;
	mix*) out=_build/app ;;
	apt-get* | apk* | dnf*) out=/var/lib/packages/installed ;;
	*) out=/var/lib/$name/installed ;;
	esac
fi
case $out in */) out=${out}app ;; esac
if [ -d "$out" ]; then out=$out/app; fi
mkdir -p "$(dirname "$out")"
{
	echo "$name $*"
	# At the top there is a whole system.
	if [ "$PWD" != / ]; then find . -type f -exec cat {} + | md5sum; fi
} >"$out.new"
mv "$out.new" "$out"
