// Command pictures draws docs/pictures: a comment and a summary as they look on
// GitHub, on a desktop and on a phone. They are of the report.json beside them, and
// -report takes over another, such as the one that `make demo` writes. The Markdown
// that a picture shows is kept too, and a test fails as soon as layercause would
// write another.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/layercause/layercause/internal/report"
)

// folder is where the pictures are, below the repository.
const folder = "docs/pictures"

// A shot is one picture.
type shot struct {
	name     string
	document string  // comment.md or summary.md
	width    int64   // of the window, in CSS pixels
	scheme   string  // light or dark
	scale    float64 // pixels for a CSS pixel
	unfold   string  // how the titles of the folds begin that are open
}

// The window of a desktop is as wide as GitHub's column, the other as a phone.
var shots = []shot{
	{"comment.png", commentFile, desktop, "light", 2, ""},
	{"comment-dark.png", commentFile, desktop, "dark", 2, ""},
	{"comment-phone.png", commentFile, phone, "light", 2, ""},
	{"summary.png", summaryFile, desktop, "light", 1.5, "^Timeline"},
	{"summary-phone.png", summaryFile, phone, "light", 1.5, ""},
}

const (
	everything = "."

	desktop     = 1012
	phone       = 375
	commentFile = "comment.md"
	summaryFile = "summary.md"
)

func main() {
	given := flag.String("report", "", "take over this `FILE`, a report.json, as what the pictures are of")
	look := flag.String("look", "", "draw the Markdown files named behind the flags into this `FOLDER` instead, folded and unfolded")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := error(nil)
	if *look != "" {
		err = drawFiles(ctx, *look, flag.Args())
	} else {
		err = run(ctx, *given, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

// run draws docs/pictures anew.
func run(ctx context.Context, given string, w io.Writer) error {
	root, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding the repository: %w", err)
	}
	into := filepath.Join(root, folder)
	if given != "" {
		text, err := os.ReadFile(given)
		if err != nil {
			return fmt.Errorf("reading the report: %w", err)
		}
		if err := os.WriteFile(filepath.Join(into, "report.json"), text, 0o644); err != nil {
			return fmt.Errorf("keeping the report: %w", err)
		}
	}
	documents, err := render(into)
	if err != nil {
		return err
	}
	b, stop, err := startBrowser(ctx)
	if err != nil {
		return err
	}
	defer stop()
	for name, text := range documents {
		if err := os.WriteFile(filepath.Join(into, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("keeping %s: %w", name, err)
		}
	}
	var made strings.Builder
	for _, s := range shots {
		png, err := b.take(root, s, documents[s.document])
		if err != nil {
			return fmt.Errorf("drawing %s: %w", s.name, err)
		}
		if err := os.WriteFile(filepath.Join(into, s.name), png, 0o644); err != nil {
			return fmt.Errorf("keeping %s: %w", s.name, err)
		}
		fmt.Fprintf(w, "%-18s %4d kB\n", s.name, len(png)/1000)
		fmt.Fprintf(&made, "%s  %s\n", digest(documents[s.document]), s.name)
	}
	if err := os.WriteFile(filepath.Join(into, madeOf), []byte(made.String()), 0o644); err != nil {
		return fmt.Errorf("keeping the digests: %w", err)
	}
	return nil
}

// madeOf is the file that tells of which Markdown a picture was made: a line has
// its SHA-256 and the name of the picture.
const madeOf = "made-of.txt"

func digest(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// render makes the documents of the report in a folder, with links as on GitHub.
func render(folder string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	r.Links = report.Links{Server: "https://github.com", Repository: "octo/parcel-tracker", Commit: r.Build.Commit, RunID: "1"}
	return map[string]string{commentFile: report.Comment(r), summaryFile: report.Summary(r)}, nil
}

// take draws one picture.
func (b *browser) take(root string, s shot, markdown string) ([]byte, error) {
	title := "github-actions commented"
	if s.document == summaryFile {
		title = "image summary"
	}
	content, err := page(root, title, markdown)
	if err != nil {
		return nil, err
	}
	if err := b.open(content, s.width, s.scheme); err != nil {
		return nil, err
	}
	if s.unfold != "" {
		unfold := fmt.Sprintf(`[...document.querySelectorAll("summary")].filter(e => e.textContent.match(%q)).map(e => { e.parentNode.open = true }).length`, s.unfold)
		if _, err := b.ask(unfold); err != nil {
			return nil, err
		}
	}
	png, err := b.picture(s.width, s.scale)
	if err != nil {
		return nil, err
	}
	return shrink(png)
}

// drawFiles draws Markdown files of any name, to be looked at.
func drawFiles(ctx context.Context, into string, files []string) error {
	root, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding the repository: %w", err)
	}
	b, stop, err := startBrowser(ctx)
	if err != nil {
		return err
	}
	defer stop()
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading Markdown: %w", err)
		}
		name := strings.Trim(strings.ReplaceAll(strings.TrimSuffix(filepath.Clean(path), ".md"), "/", "-"), "-.")
		for _, s := range []shot{
			{"desktop", commentFile, desktop, "light", 1, ""}, {"desktop-open", commentFile, desktop, "light", 1, everything},
			{"phone", commentFile, phone, "light", 2, ""}, {"phone-open", commentFile, phone, "light", 2, everything},
		} {
			png, err := b.take(root, s, string(text))
			if err != nil {
				return fmt.Errorf("drawing %s: %w", path, err)
			}
			if err := os.WriteFile(filepath.Join(into, name+"-"+s.name+".png"), png, 0o644); err != nil {
				return fmt.Errorf("keeping a picture: %w", err)
			}
		}
	}
	return nil
}
