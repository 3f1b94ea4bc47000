package history

import (
	"archive/tar"
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/layercause/layercause/internal/record"
)

// An archive is a tar in zstd. It holds the records as plain JSON: a build's record
// is so much like that of the build before it that together they take little more
// room than one. Its files are
//
//	salt              the key of the digests
//	summaries.jsonl   as in a folder, in which the size and the time mean nothing
//	<time>-<id>.json  the records, the newest first
//
// and nothing else. Who can write to a remote can make it anything.

// Bounds on an archive.
const (
	// MaxArchive is the size of an archive in bytes. What is written stays below
	// it: the oldest records are left out.
	MaxArchive     = 8 << 20
	maxArchiveText = 128 << 20 // bytes, unpacked
	archiveWindow  = 8 << 20   // bytes
	mostWriters    = 200
)

const (
	archivedSalt      = saltFile
	archivedSummaries = "summaries.jsonl"
)

type archive struct {
	salted    bool
	salt      record.Salt
	summaries []summary
	records   []archived // the newest first
}

// archived is one record.
type archived struct {
	name string // of its file in a folder
	text []byte // JSON
}

// readArchive reads an archive, which is refused as a whole if there is anything
// in it that is not expected.
func readArchive(data []byte) (a archive, err error) {
	if len(data) > MaxArchive {
		return a, fmt.Errorf("it has %d bytes, more than %d", len(data), MaxArchive)
	}
	z, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(archiveWindow), zstd.WithDecoderMaxMemory(maxArchiveText))
	if err != nil {
		return a, err
	}
	defer z.Close()
	// The headers of a tar count too, those that no entry comes of.
	files := tar.NewReader(io.LimitReader(z, 2*maxArchiveText))
	seen := map[string]bool{}
	for left := int64(maxArchiveText); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return archive{}, err
		}
		if left -= h.Size; h.Size < 0 || left < 0 {
			return archive{}, fmt.Errorf("it unpacks to more than %d bytes", maxArchiveText)
		}
		if h.Typeflag != tar.TypeReg || seen[h.Name] || len(a.records) == Keep {
			return archive{}, fmt.Errorf("it holds %q, which has no place there", clip(h.Name))
		}
		seen[h.Name] = true
		if err := a.add(h.Name, h.Size, files); err != nil {
			return archive{}, err
		}
	}
	if len(seen) == 0 {
		return archive{}, errors.New("it is empty")
	}
	return a, nil
}

// add takes in one file.
func (a *archive) add(name string, size int64, content io.Reader) error {
	file := strings.TrimSuffix(name, ".json") + ".json.zst"
	isRecord := strings.HasSuffix(name, ".json") && fileName.MatchString(file)
	if !isRecord && name != archivedSalt && name != archivedSummaries {
		return fmt.Errorf("it holds %q, which has no place there", clip(name))
	}
	// What the header says of the size is only believed as far as bytes come.
	var text bytes.Buffer
	if n, err := io.Copy(&text, io.LimitReader(content, size)); err != nil || n != size {
		return fmt.Errorf("%q is cut off", clip(name))
	}
	switch {
	case isRecord:
		a.records = append(a.records, archived{file, text.Bytes()})
	case name == archivedSalt:
		salt, err := parseSalt(text.Bytes())
		if err != nil {
			return fmt.Errorf("reading its salt: %w", err)
		}
		a.salt, a.salted = salt, true
	default:
		for line := range bytes.Lines(text.Bytes()) {
			if x, ok := parseSummary(line); ok && fileName.MatchString(x.Name) && len(a.summaries) < mostWriters {
				a.summaries = append(a.summaries, x)
			}
		}
	}
	return nil
}

// insert puts a record in its place, and drops those beyond [Keep].
func (a *archive) insert(r archived, x summary) {
	a.records = newestFirst(append(a.records, r), func(r archived) string { return r.name })
	a.records = a.records[:min(len(a.records), Keep)]
	a.note(x)
	kept := map[string]bool{}
	for _, r := range a.records {
		kept[r.name] = true
	}
	a.summaries = slices.DeleteFunc(a.summaries, func(x summary) bool { return !kept[x.Name] })
}

// note puts a summary in its place.
func (a *archive) note(x summary) {
	a.summaries = newestFirst(append(a.summaries, x), func(x summary) string { return x.Name })
	a.summaries = a.summaries[:min(len(a.summaries), mostWriters)]
}

// newestFirst sorts by names, which begin with the time, and keeps of equal ones
// the last.
func newestFirst[T any](list []T, name func(T) string) []T {
	slices.Reverse(list)
	slices.SortStableFunc(list, func(x, y T) int { return cmp.Compare(name(y), name(x)) })
	return slices.CompactFunc(list, func(x, y T) bool { return name(x) == name(y) })
}

// encode writes the archive, without as many of the oldest records as make it too
// large.
func (a archive) encode() ([]byte, error) {
	for {
		data, err := a.pack()
		if err != nil || len(data) <= MaxArchive {
			return data, err
		}
		if len(a.records) < 2 {
			return nil, fmt.Errorf("the record alone takes %d bytes, more than %d", len(data), MaxArchive)
		}
		a.records = a.records[:len(a.records)/2]
	}
}

func (a archive) pack() ([]byte, error) {
	var data bytes.Buffer
	// A window no larger than the text: the compressor allocates as much. One
	// goroutine: the rest of the build's end wants the cores.
	window, size := zstd.MinWindowSize, 0
	for _, r := range a.records {
		size += len(r.text)
	}
	for window < archiveWindow && window < size {
		window *= 2
	}
	z, err := zstd.NewWriter(&data, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(window))
	if err != nil {
		return nil, err
	}
	files := tar.NewWriter(z)
	left := maxArchiveText
	write := func(name string, text []byte) error {
		if left -= len(text); left < 0 {
			return nil // and nothing older
		}
		if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}); err != nil {
			return err
		}
		_, err := files.Write(text)
		return err
	}
	if a.salted {
		err = write(archivedSalt, []byte(hex.EncodeToString(a.salt[:])+"\n"))
	}
	if err == nil && len(a.summaries) > 0 {
		err = write(archivedSummaries, lines(a.summaries))
	}
	for _, r := range a.records {
		if err == nil {
			err = write(strings.TrimSuffix(r.name, ".zst"), r.text)
		}
	}
	if err := errors.Join(err, files.Close(), z.Close()); err != nil {
		return nil, err
	}
	return data.Bytes(), nil
}

func lines(list []summary) []byte {
	var text []byte
	for _, x := range list {
		x.Size, x.Modified = 0, 0
		if line, err := x.line(); err == nil {
			text = append(text, line...)
		}
	}
	return text
}
