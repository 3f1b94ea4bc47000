package main

import (
	"bytes"
	"fmt"
	"html"
	"path/filepath"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	markup "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// modules is where .ci/setup installs what npm has.
const modules = ".cache/%s/node_modules/"

// page shows Markdown as GitHub shows a comment or the summary of a step: with its
// style, its colours of a diff, its charts, and a frame like the one around it. The
// files that it needs are those below root.
func page(root, title, markdown string) ([]byte, error) {
	md := goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithRendererOptions(markup.WithUnsafe(), renderer.WithNodeRenderers(util.Prioritized(fences{}, 1))),
	)
	var body bytes.Buffer
	if err := md.Convert([]byte(markdown), &body); err != nil {
		return nil, fmt.Errorf("rendering the Markdown of %s: %w", title, err)
	}
	look := "file://" + filepath.Join(root, fmt.Sprintf(modules, "github-look"))
	chart := "file://" + filepath.Join(root, fmt.Sprintf(modules, "mermaid"), "@mermaid-js/tiny/dist/mermaid.tiny.js")
	var b bytes.Buffer
	fmt.Fprintf(&b, head, html.EscapeString(look), html.EscapeString(chart))
	fmt.Fprintf(&b, "<div class=\"frame\"><header><b>%s</b></header>\n<article class=\"markdown-body\">\n%s</article></div>\n",
		html.EscapeString(title), body.Bytes())
	return b.Bytes(), nil
}

// head is the page above the frame. GitHub's sizes: a body of 14 pixels within 16.
const head = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="%[1]s/github-markdown-css/github-markdown.css">
<style>
@font-face { font-family: "Noto Sans"; font-weight: 400; src: url("%[1]s/@fontsource/noto-sans/files/noto-sans-latin-400-normal.woff2") }
@font-face { font-family: "Noto Sans"; font-weight: 600; src: url("%[1]s/@fontsource/noto-sans/files/noto-sans-latin-600-normal.woff2") }
@font-face { font-family: Cousine; src: url("%[1]s/@fontsource/cousine/files/cousine-latin-400-normal.woff2") }
:root { --page: #fff; --bar: #f6f8fa; --line: #d1d9e0; --word: #1f2328; --added: #dafbe1; --gone: #ffebe9; --hunk: #ddf4ff }
@media (prefers-color-scheme: dark) {
	:root { --page: #0d1117; --bar: #151b23; --line: #3d444d; --word: #f0f6fc; --added: #033a16; --gone: #67060c; --hunk: #0c2d6b }
}
body { margin: 0; padding: 16px; background: var(--page); color: var(--word) }
.markdown-body { --fontStack-sansSerif: "Noto Sans", sans-serif; --fontStack-monospace: Cousine, monospace; font-size: 14px; padding: 16px }
.frame { border: 1px solid var(--line); border-radius: 6px; overflow: hidden }
.frame > header { background: var(--bar); border-bottom: 1px solid var(--line); padding: 8px 16px; font: 14px "Noto Sans", sans-serif }
.markdown-body > :last-child { margin-bottom: 0 }
.added { background: var(--added) } .gone { background: var(--gone) } .hunk { background: var(--hunk) }
.mermaid { background: none !important; text-align: center }
</style>
<script src="%[2]s"></script>
</head><body>
`

// fences renders fenced blocks: GitHub colours those of a diff, and draws those of
// Mermaid.
type fences struct{}

func (f fences) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, f.render)
}

func (fences) render(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	block := node.(*ast.FencedCodeBlock)
	language := string(block.Language(source))
	if language == "mermaid" {
		_, _ = w.WriteString(`<pre class="mermaid">`)
	} else {
		_, _ = w.WriteString("<pre><code>")
	}
	for i := range block.Lines().Len() {
		segment := block.Lines().At(i)
		line := string(segment.Value(source))
		text := html.EscapeString(line)
		if class := diffClass(line); language == "diff" && class != "" {
			text = fmt.Sprintf(`<span class="%s">%s</span>`+"\n", class, strings.TrimSuffix(text, "\n"))
		}
		_, _ = w.WriteString(text)
	}
	if language == "mermaid" {
		_, _ = w.WriteString("</pre>\n")
	} else {
		_, _ = w.WriteString("</code></pre>\n")
	}
	return ast.WalkSkipChildren, nil
}

func diffClass(line string) string {
	switch {
	case strings.HasPrefix(line, "@@"):
		return "hunk"
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
		return ""
	case strings.HasPrefix(line, "+"):
		return "added"
	case strings.HasPrefix(line, "-"):
		return "gone"
	}
	return ""
}
