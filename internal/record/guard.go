package record

import (
	"bytes"
	"fmt"
	"io"
)

// Limits on the shape of the JSON. A few bytes of JSON can ask for a structure
// of hundreds, so objects and values are counted before they are decoded.
const (
	maxDepth   = 12
	maxObjects = 500_000
	maxValues  = 8_000_000
	maxString  = 32 << 20 // the digests of a large manifest are one string
	maxSpace   = 4 << 10  // the decoder scans a run of spaces again for each block it reads
)

// capped gives an error, not an end, once more than left bytes are read. It
// keeps the error, which a decompressor on top may replace with its own.
type capped struct {
	r    io.Reader
	left int64
	what string
	err  error
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.left -= int64(n)
	if c.left < 0 {
		c.err = fmt.Errorf("%w: %s", ErrTooLarge, c.what)
		return 0, c.err
	}
	return n, err
}

// guard passes JSON on and stops it at the limits on depth, counts and lengths.
// It knows of JSON only what is inside a string and what is not; whether the
// text is JSON at all is for the decoder to say.
type guard struct {
	r       io.Reader
	err     error // the limit that was exceeded or the reader's error
	depth   int
	objects int
	values  int
	quoted  bool
	escaped bool
	length  int
	spaces  int
}

func newGuard(r io.Reader) *guard { return &guard{r: r} }

func (g *guard) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.r.Read(p)
	if limit := g.scan(p[:n]); limit != nil {
		g.err = limit
		return 0, limit
	}
	if err != nil && err != io.EOF {
		g.err = err
	}
	return n, err
}

func (g *guard) scan(p []byte) error {
	for len(p) > 0 {
		if g.quoted {
			p = g.inString(p)
			if g.length > maxString {
				return fmt.Errorf("%w: a string of more than %d bytes", ErrTooLarge, maxString)
			}
			continue
		}
		g.spaces++
		switch p[0] {
		case ' ', '\t', '\r', '\n':
			if p = p[1:]; g.spaces > maxSpace {
				return fmt.Errorf("%w: more than %d spaces in a row", ErrTooLarge, maxSpace)
			}
			continue
		case '"':
			g.quoted, g.length = true, 0
		case '{':
			g.objects++
			g.depth++
			g.values++
		case '[':
			g.depth++
			g.values++
		case '}', ']':
			g.depth--
		case ',', ':':
			g.values++
		}
		p, g.spaces = p[1:], 0
		if g.depth > maxDepth || g.objects > maxObjects || g.values > maxValues {
			return fmt.Errorf("%w: %d levels, %d objects, %d values", ErrTooLarge, g.depth, g.objects, g.values)
		}
	}
	return nil
}

// inString skips to the end of the string or of p.
func (g *guard) inString(p []byte) []byte {
	if g.escaped {
		g.escaped = false
		g.length++
		return p[1:]
	}
	i := bytes.IndexAny(p, "\"\\")
	if i < 0 {
		g.length += len(p)
		return nil
	}
	g.length += i + 1
	if p[i] == '"' {
		g.quoted = false
	} else {
		g.escaped = true
	}
	return p[i+1:]
}
