package builder

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func frame(stream byte, data string) string {
	header := []byte{stream, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(header[4:], uint32(len(data)))
	return string(header) + data
}

func TestExecConn(t *testing.T) {
	long := strings.Repeat("x", 3*maxComplaint)
	for _, c := range []struct{ name, stream, out, err string }{
		{"output", frame(frameOut, "\x00ab") + frame(frameOut, "") + frame(frameOut, "cd"), "\x00abcd", ""},
		{"complaint and output", frame(frameErr, "careful") + frame(frameOut, "\x00ab"), "\x00ab", `said "careful"`},
		{"complaint only", frame(frameErr, "no such socket\n"), "", `said "no such socket"`},
		{"engine's error", frame(frameSystem, "gone"), "", `said "gone"`},
		{"text for output", frame(frameOut, "exec failed"), "", `said "exec failed"`},
		{"no frames", "exec failed: not found", "", `said "exec failed: not found"`},
		{"long complaint", frame(frameErr, long) + frame(frameOut, "\x00ab"), "\x00ab", `said "` + long[:maxComplaint] + `"`},
		{"cut header", frame(frameOut, "\x00ab") + "\x01\x00", "\x00ab", "unexpected EOF"},
		{"cut frame", frame(frameOut, "\x00abcd")[:10], "\x00a", "unexpected EOF"},
		{"bytes that are no text", frame(frameErr, "\xff\xfe!"), "", `said "?!"`},
	} {
		for _, read := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader} {
			conn := &execConn{r: read(strings.NewReader(c.stream))}
			out, err := io.ReadAll(conn)
			if string(out) != c.out {
				t.Errorf("%s: output %q, want %q", c.name, out, c.out)
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.err)
			}
		}
	}
}

// FuzzExecConn states that whatever comes, reading ends, gives out no more than
// came in, and keeps no more than it may.
func FuzzExecConn(f *testing.F) {
	f.Add([]byte(frame(frameOut, "\x00ab") + frame(frameErr, "careful")))
	f.Add([]byte("\x02\x00\x00\x00\xff\xff\xff\xffx"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		conn := &execConn{r: bytes.NewReader(stream)}
		out, err := io.ReadAll(conn)
		if len(out) > len(stream) || conn.complaint.Len() > 2*maxComplaint {
			t.Errorf("%d bytes out of %d, %d kept (%v)", len(out), len(stream), conn.complaint.Len(), err)
		}
	})
}
