package main

import (
	"fmt"
	"strings"
)

// The shapes are Dockerfiles. Each step takes a file of its own, step1.txt and so
// on, so that an edit of one loses that step and what is below it.

// chain runs commands one after the other.
func chain(image string, commands ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "FROM %s\n", image)
	for i, c := range commands {
		fmt.Fprintf(&b, "COPY step%d.txt /in/\nRUN %s\n", i+1, c)
	}
	return b.String()
}

// wide runs commands beside each other, in a stage each, and takes /out of all.
func wide(image string, commands ...string) string {
	var b strings.Builder
	for i, c := range commands {
		fmt.Fprintf(&b, "FROM %s AS stage%d\nCOPY step%d.txt /out/step%d.txt\nRUN %s\n", image, i+1, i+1, i+1, c)
	}
	b.WriteString("FROM {base}\n")
	for i := range commands {
		fmt.Fprintf(&b, "COPY --from=stage%d /out /\n", i+1)
	}
	return b.String()
}

// diamond runs a command that others build on, these beside each other, and one
// that takes what they made.
func diamond(top string, middle []string, bottom string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "FROM {base} AS top\nCOPY step1.txt /in/\nRUN %s\n", top)
	for i, c := range middle {
		fmt.Fprintf(&b, "FROM top AS middle%d\nCOPY step%d.txt /out/step%d.txt\nRUN %s\n", i+1, i+2, i+2, c)
	}
	b.WriteString("FROM top\n")
	for i := range middle {
		fmt.Fprintf(&b, "COPY --from=middle%d /out /in/\n", i+1)
	}
	fmt.Fprintf(&b, "RUN %s\n", bottom)
	return b.String()
}

// service is the usual one: packages, sources, a compiler's stage, and a small
// image with what that made.
func service(packages, compile, finish string) string {
	return fmt.Sprintf(`FROM {base} AS build
COPY lock.txt /src/
RUN %s
COPY main.txt /src/
RUN %s
FROM {base}
COPY config.txt /etc/app/
RUN %s
COPY --from=build /out /app
`, packages, compile, finish)
}

// shared has tools that two stages use, and an image of what both made.
func shared(tools, app, docs string) string {
	return fmt.Sprintf(`FROM {base} AS tools
COPY tools.txt /tools/
RUN %s
FROM tools AS app
COPY app.txt /src/
RUN mkdir -p /out && %s
FROM tools AS docs
COPY docs.txt /src/
RUN mkdir -p /out && %s
FROM {base}
COPY --from=app /out /app
COPY --from=docs /out /docs
`, tools, app, docs)
}
