package action

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// zeros makes every token known, so that hostile text can hold it.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

var knownToken = strings.Repeat("0", 32)

func TestFenceStopsCommands(t *testing.T) {
	hostile := strings.Join([]string{
		"::error::x", "  ::set-env name=A::b", "text ##[error]y", "a\r::add-path::/evil\rb",
		"::stop-commands::mine", "::" + knownToken + "::", "::error file=a::z",
	}, "\n")
	var out bytes.Buffer
	log := NewLog(&out, zeros{})
	fence, err := log.Fence()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(fence, hostile)
	if err := fence.Close(); err != nil {
		t.Fatal(err)
	}
	log.Notice("after")
	r := readLog(out.String())
	if len(r.commands) != 1 || r.commands[0].data != "after" || r.stopped != "" {
		t.Errorf("the runner obeyed %+v and waits for %q, log:\n%s", r.commands, r.stopped, out.String())
	}
	for _, line := range []string{"::error::x", "a", "::add-path::/evil", "b"} {
		if !slices.Contains(r.plain, line) {
			t.Errorf("the line %q is not in the log:\n%s", line, out.String())
		}
	}
	if strings.Contains(out.String(), "##[") || strings.Contains(out.String(), "\r") {
		t.Errorf("the log's page would render a heading: %q", out.String())
	}
}

func TestTokensAreFresh(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out, nil)
	fence, err := log.Fence()
	if err != nil {
		t.Fatal(err)
	}
	log.Notice("one")
	log.Notice("two")
	fence.Close()
	seen := map[string]bool{}
	for _, line := range strings.Split(out.String(), "\n") {
		if token, ok := strings.CutPrefix(line, "::stop-commands::"); ok {
			seen[token] = true
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d different tokens, want 3:\n%s", len(seen), out.String())
	}
}

func TestCommandsPassAnOpenFence(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out, nil)
	fence, err := log.Fence()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(fence, "#1 half a li")
	log.Warning("careful")
	fmt.Fprint(fence, "::error::still fenced\n")
	log.Print("plain")
	fence.Close()
	fence.Close()
	r := readLog(out.String())
	if len(r.commands) != 1 || r.commands[0].data != "careful" || r.stopped != "" {
		t.Errorf("obeyed %+v, waits for %q", r.commands, r.stopped)
	}
	want := []string{"#1 half a li", "::error::still fenced", "plain"}
	if diff := cmp.Diff(want, r.plain); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := fence.Write([]byte("x")); err == nil {
		t.Error("a closed fence took text")
	}
}

func TestOneFenceAtATime(t *testing.T) {
	log := NewLog(&bytes.Buffer{}, nil)
	first, err := log.Fence()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Fence(); err == nil {
		t.Error("two fences are open")
	}
	first.Close()
	if _, err := log.Fence(); err != nil {
		t.Errorf("after closing: %v", err)
	}
}

func TestWithoutRandomNothingIsPrinted(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out, strings.NewReader("too short"))
	if _, err := log.Fence(); err == nil {
		t.Fatal("a fence without a token opened")
	}
	log.Print("text")
	if out.Len() != 0 || log.Err() == nil {
		t.Errorf("printed %q, error %v", out.String(), log.Err())
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestBrokenLogDoesNotStopTheBuild(t *testing.T) {
	log := NewLog(brokenWriter{}, nil)
	log.Notice("x")
	if err := log.Err(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
}

func TestLinesOfTwoWritersStayWhole(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out, nil)
	fence, err := log.Fence()
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for range 500 {
			fmt.Fprint(fence, "build ", "output\n")
		}
	})
	group.Go(func() {
		for range 500 {
			log.Group("group")
		}
	})
	group.Wait()
	fence.Close()
	r := readLog(out.String())
	if len(r.commands) != 500 || r.stopped != "" {
		t.Errorf("%d commands were obeyed, want 500", len(r.commands))
	}
	if text := strings.Join(r.plain, ""); strings.ReplaceAll(strings.ReplaceAll(text, "build ", ""), "output", "") != "" {
		t.Error("a command's text ended up in a line of output")
	}
}

// A line without an end is not held back for ever.
func TestEndlessLine(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out, zeros{})
	fence, err := log.Fence()
	if err != nil {
		t.Fatal(err)
	}
	defer fence.Close()
	for range 100 {
		fence.Write(bytes.Repeat([]byte("x"), longestLine/10))
	}
	if held := len(fence.line); held >= longestLine || out.Len() < 9*longestLine {
		t.Errorf("%d bytes are held back, and %d written", held, out.Len())
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > longestLine+1 {
			t.Errorf("a line has %d bytes", len(line))
		}
	}
}

func TestCleanLine(t *testing.T) {
	for text, want := range map[string]string{
		"\x1b[1;31mred\x1b[0m\ttab":         "\x1b[1;31mred\x1b[0m\ttab",
		"\x1b[2J\x1b[?25lgone\x1b[1A":       "gone",
		"\x1b]0;title\x07a\x1b]8;;u\x1b\\b": "ab",
		"\x00[2Jnul\x08\x7f\u0085":          "[2Jnul",
		"\x1b":                              "",
		"#\x1b[K#[group]":                   "## [group]",
		"\xff":                              "\uFFFD",
	} {
		if got := cleanLine(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

// Text from a build never commands the runner, however it is cut into writes,
// even if it knew the token; and the runner listens again afterwards.
func FuzzFence(f *testing.F) {
	f.Add("a\n::error::b\n", 3)
	f.Add("::"+knownToken+"::\n::error::x\n", 1)
	f.Add("##[error]x\r\n\x1b[2J##\x1b[K[group]\n\xff::warning::", 5)
	f.Add("::\x1b[0m"+knownToken+"::\n \u00a0::notice::\u2028::notice::x", 2)
	f.Fuzz(func(t *testing.T, text string, size int) {
		size = 1 + int(uint(size)%64)
		var out bytes.Buffer
		log := NewLog(&out, zeros{})
		fence, err := log.Fence()
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(text); i += size {
			fence.Write([]byte(text[i:min(i+size, len(text))]))
			if i == size {
				log.Notice("between")
			}
		}
		fence.Close()
		between := 0
		if len(text) > size {
			between = 1
		}
		r := readLog(out.String())
		if len(r.commands) != between || r.stopped != "" {
			t.Errorf("obeyed %+v, waits for %q, log:\n%q", r.commands, r.stopped, out.String())
		}
		if strings.Contains(out.String(), "##[") || !utf8.Valid(out.Bytes()) {
			t.Errorf("log: %q", out.String())
		}
	})
}

// Text of ours that quotes a repository is no command either, without a fence.
func FuzzPrint(f *testing.F) {
	f.Add("::error::x\n\t::warning::y\r##[error]z")
	f.Add("\u00a0\u3000::notice::x\n::::notice::\n:::error::x")
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		NewLog(&out, zeros{}).Print(text)
		if r := readLog(out.String()); len(r.commands) != 0 || r.stopped != "" {
			t.Errorf("obeyed %+v, log %q", r.commands, out.String())
		}
	})
}
