package builder

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// maxComplaint is how much of a command's error output is kept.
const maxComplaint = 4096

// execConn is the connection that a command in a container serves on its
// standard input and output. The engine sends output and error output in frames
// of one stream: a byte that says which, three zeros, the length, the data
// ("Attach to a container" in the Engine API).
type execConn struct {
	net.Conn
	// r reads from Conn.
	r         io.Reader
	left      uint32 // what remains of the frame being read
	begun     bool   // the first output was seen
	complaint strings.Builder
}

// The streams in a frame's first byte.
const (
	frameOut    = 1
	frameErr    = 2
	frameSystem = 3 // an error of the engine itself
)

// Read returns the command's output. At its end it fails with what the command
// complained of.
func (c *execConn) Read(p []byte) (int, error) {
	for c.left == 0 {
		var header [8]byte
		if _, err := io.ReadFull(c.r, header[:]); err != nil {
			return 0, c.ended(err)
		}
		size := binary.BigEndian.Uint32(header[4:])
		switch header[0] {
		case frameOut:
			c.left = size
		case frameErr, frameSystem:
			keep := min(int64(size), int64(maxComplaint-c.complaint.Len()))
			if _, err := io.CopyN(&c.complaint, c.r, keep); err != nil {
				return 0, c.ended(err)
			}
			if _, err := io.CopyN(io.Discard, c.r, int64(size)-keep); err != nil {
				return 0, c.ended(err)
			}
		default:
			// The engine says in plain text that a command cannot be started.
			rest, _ := io.ReadAll(io.LimitReader(c.r, maxComplaint))
			c.complaint.Write(header[:])
			c.complaint.Write(rest)
			return 0, c.ended(io.ErrUnexpectedEOF)
		}
	}
	if uint32(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= uint32(n)
	if n > 0 && !c.begun {
		c.begun = true
		// A daemon begins with an HTTP/2 frame, thus with a length below 65,536. What
		// begins with text is the engine, or a stranger called buildctl.
		if p[0] != 0 {
			rest, _ := io.ReadAll(io.LimitReader(c.r, min(int64(c.left), maxComplaint)))
			c.complaint.Write(p[:min(n, maxComplaint)])
			c.complaint.Write(rest)
			return 0, c.ended(io.ErrUnexpectedEOF)
		}
	}
	if errors.Is(err, io.EOF) && c.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		err = c.ended(err)
	}
	return n, err
}

// ended turns the stream's end into an error that says why it ended.
func (c *execConn) ended(err error) error {
	said := strings.TrimSpace(strings.ToValidUTF8(c.complaint.String(), "?"))
	if said == "" || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return fmt.Errorf("buildctl dial-stdio said %q: %w", said, err)
}
