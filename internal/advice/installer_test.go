package advice

import (
	"testing"

	"github.com/layercause/layercause/internal/dockerfile"
)

func TestClassify(t *testing.T) {
	tests := []struct {
		run  string
		want string // a letter a command: f(etch), m(anifests), h(armless), b(uilds), u(nknown)
	}{
		{"RUN apt-get update && apt-get install -y curl=8.* && rm -rf /var/lib/apt/lists/*", "ffh"},
		{"RUN apt-get install ./x.deb", "m"},
		{"RUN apk add --no-cache git", "f"},
		{"RUN npm ci", "m"},
		{"RUN npm install --omit dev --no-audit", "m"},
		{"RUN npm install left-pad", "u"},
		{"RUN npm install -g pnpm@9", "f"},
		{"RUN npm install -g .", "u"},
		{"RUN npm run build", "u"},
		{"RUN yarn", "m"},
		{"RUN yarn --frozen-lockfile", "m"},
		{"RUN yarn add x", "u"},
		{"RUN yarn build", "u"},
		{"RUN pnpm i --filter web", "m"},
		{"RUN bun install", "m"},
		{"RUN pip install -rrequirements.txt", "m"},
		{"RUN pip install --requirement=requirements.txt --index-url https://x/y", "m"},
		{"RUN pip install --upgrade pip wheel", "f"},
		{"RUN pip install ./lib", "u"},
		{"RUN pip install -e .", "u"},
		{"RUN pip install x.whl", "u"},
		{"RUN python3 -m pip install flask", "f"},
		{"RUN python3 setup.py install", "u"},
		{"RUN pipenv install flask", "u"},
		{"RUN poetry install --no-root --with dev", "m"},
		{"RUN poetry install", "m"},
		{"RUN uv sync --locked", "m"},
		{"RUN uv pip install --system -r requirements.txt", "m"},
		{"RUN go mod download -x", "m"},
		{"RUN go mod tidy", "b"},
		{"RUN go mod vendor", "u"},
		{"RUN go install golang.org/x/tools/cmd/stringer@latest", "f"},
		{"RUN go install ./...", "b"},
		{"RUN bundle install --gemfile x", "u"},
		{"RUN gem install bundler", "f"},
		{"RUN composer install", "m"},
		{"RUN mvn dependency:resolve dependency:resolve-plugins", "m"},
		{"RUN mvn package", "b"},
		{"RUN mkdir -p /var/log/x && mkdir out", "hu"},
		{"RUN rm -rf /var/../app", "u"},
		{"RUN pip install $(cat deps)", "uu"}, // a command inside another counts too
		{"RUN pip install \"flask==$V\" 'gunicorn'", "f"},
		{"RUN set -ex; cargo build", "hb"},
	}
	for _, tt := range tests {
		f, err := dockerfile.Parse("f", []byte("FROM a\n"+tt.run+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		sc, ok := readScript(f.Instructions[1])
		if !ok {
			t.Errorf("%s: not read", tt.run)
			continue
		}
		got := ""
		for _, words := range sc.commands {
			switch a := classify(words); {
			case a.purpose == unknown:
				got += "u"
			case a.purpose == harmless:
				got += "h"
			case a.purpose == builds:
				got += "b"
			case a.from != nil:
				got += "m"
			default:
				got += "f"
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.run, got, tt.want)
		}
	}
}

func TestScriptIsLinear(t *testing.T) {
	for run, want := range map[string]bool{
		"RUN a && b":                   true,
		"RUN a; b":                     true,
		"RUN a > /dev/null 2>&1":       true,
		"RUN X=1 a":                    true,
		"RUN <<E\na\nb\nE":             true,
		"RUN X=1; a":                   false,
		"RUN a | b":                    false,
		"RUN a || b":                   false,
		"RUN a > file":                 false,
		"RUN a < file":                 false,
		"RUN a &":                      false,
		"RUN ! a":                      false,
		"RUN (a)":                      false,
		"RUN if a; then b; fi":         false,
		"RUN for x in 1 2; do a; done": false,
		"RUN a && { b; }":              false,
		"RUN a && (b || true) && c":    false,
		"RUN [\"a\", \"&&\", \"b\"]":   true,
		"RUN <<E\na | b\nE":            false,
	} {
		f, err := dockerfile.Parse("f", []byte("FROM a\n"+run+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if sc, ok := readScript(f.Instructions[1]); !ok || sc.linear != want {
			t.Errorf("%s: linear is %v, %v", run, sc.linear, ok)
		}
	}
}

func TestScriptNotRead(t *testing.T) {
	for _, run := range []string{
		"RUN <<E python\nprint()\nE", "RUN <<E\n#!/usr/bin/python\nE", "RUN <<A <<B\nA\nB", "RUN 'open", "RUN f() { a; }; f",
		"RUN X=1", "CMD a", "RUN",
	} {
		f, err := dockerfile.Parse("f", []byte("FROM a\n"+run+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if sc, ok := readScript(f.Instructions[1]); ok {
			t.Errorf("%s is read as %q", run, sc.commands)
		}
	}
}
