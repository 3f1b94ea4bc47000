package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A browser is a headless Chromium with one tab.
type browser struct {
	ctx context.Context
	dir string // for the pages
}

// patience is how long a browser may take in all.
const patience = 5 * time.Minute

// startBrowser starts Chromium; stop ends it.
func startBrowser(ctx context.Context) (b *browser, stop func(), err error) {
	dir, err := os.MkdirTemp("", "layercause-pictures-")
	if err != nil {
		return nil, nil, fmt.Errorf("making a folder for pages: %w", err)
	}
	options := chromedp.DefaultExecAllocatorOptions[:]
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, expire := context.WithTimeout(ctx, patience)
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	ctx, leave := chromedp.NewContext(ctx)
	stop = func() {
		leave()
		end()
		expire()
		_ = os.RemoveAll(dir)
	}
	b = &browser{ctx: ctx, dir: dir}
	if err := chromedp.Do(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("starting Chromium: %w\nhint: make setup installs it", err)
	}
	return b, stop, nil
}

// open shows a page in a window of so many pixels, light or dark, and waits until
// its fonts and charts are there.
func (b *browser) open(content []byte, width int64, scheme string) error {
	file := filepath.Join(b.dir, "page.html")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return fmt.Errorf("writing a page: %w", err)
	}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err == nil {
		err = chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 800), chromedp.Navigate("file://"+file))
	}
	if err != nil {
		return fmt.Errorf("opening a page: %w", err)
	}
	fonts, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](ready, chromedp.EvalAwaitPromise))
	if err != nil {
		return fmt.Errorf("waiting for fonts and charts: %w", err)
	}
	if fonts < 2 {
		return fmt.Errorf("only %v of GitHub's fonts are there\nhint: make setup installs them", fonts)
	}
	return nil
}

// ready draws the charts, in their folds too, and counts the fonts that are in use.
const ready = `(async () => {
	const shut = [...document.querySelectorAll("details")].filter(e => !e.open);
	const open = f => shut.forEach(e => { e.open = f });
	open(true);
	const dark = matchMedia("(prefers-color-scheme: dark)").matches;
	mermaid.initialize({startOnLoad: false, securityLevel: "strict", theme: dark ? "dark" : "default"});
	await mermaid.run();
	open(false);
	await document.fonts.ready;
	return [...document.fonts].filter(f => f.status == "loaded").length;
})()`

// picture is the whole of the open page, as PNG with so many pixels for a CSS pixel.
func (b *browser) picture(width int64, scale float64) ([]byte, error) {
	height, err := b.ask(`document.body.getBoundingClientRect().height`)
	if err != nil {
		return nil, err
	}
	err = chromedp.Do(b.ctx, chromedp.EmulateViewport(width, int64(math.Ceil(height)), chromedp.EmulateScale(scale)))
	if err != nil {
		return nil, fmt.Errorf("making the window as high as the page: %w", err)
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return nil, fmt.Errorf("taking a picture: %w", err)
	}
	return png, nil
}

// ask evaluates an expression in the open page.
func (b *browser) ask(expression string) (float64, error) {
	n, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](expression))
	if err != nil {
		return 0, fmt.Errorf("measuring a page with %s: %w", expression, err)
	}
	return n, nil
}
