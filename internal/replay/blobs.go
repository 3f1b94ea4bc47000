package replay

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// maxText is the largest file that is read, in bytes; BuildKit reads no larger
// Dockerfile.
const maxText = 4 << 20

// blobs reads the contents of objects, by their ids. What the clone lacks, or is too
// large, is left out.
func (g git) blobs(ctx context.Context, ids []string) (map[string][]byte, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	out := make(map[string][]byte, len(ids))
	for len(ids) > 0 {
		told, err := g.batch(ctx, ids, out)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil:
			return out, nil
		case !missing(err) || told >= len(ids):
			return nil, fmt.Errorf("reading files of the repository: %w", err)
		}
		// Git ends at an object that it must not fetch, though others may be there.
		ids = ids[told+1:]
	}
	return out, nil
}

// batch reads objects in their order, and tells of how many git has told.
func (g git) batch(ctx context.Context, ids []string, out map[string][]byte) (told int, err error) {
	cmd := g.command(ctx, "cat-file", "--batch")
	cmd.Stdin = strings.NewReader(strings.Join(ids, "\n") + "\n")
	var said bytes.Buffer
	cmd.Stderr = &said
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	told, err = readBatch(bufio.NewReader(pipe), out)
	if err != nil {
		cmd.Process.Kill()
	}
	if wait := cmd.Wait(); wait != nil && err == nil {
		err = &gitError{wait, strings.TrimSpace(said.String())}
	}
	return told, err
}

// readBatch reads what cat-file --batch prints: a line "<id> <type> <size>", the
// content and a newline, or "<id> missing". It counts them.
func readBatch(r *bufio.Reader, out map[string][]byte) (told int, err error) {
	for ; ; told++ {
		line, err := r.ReadString('\n')
		if err == io.EOF && line == "" {
			return told, nil
		}
		if err != nil {
			return told, err
		}
		words := strings.Fields(line)
		if len(words) == 2 && words[1] == "missing" {
			continue
		}
		if len(words) != 3 {
			return told, fmt.Errorf("%.60q is no object", line)
		}
		size, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil || size < 0 {
			return told, fmt.Errorf("%.60q has no size", line)
		}
		if words[1] == "blob" && size <= maxText {
			data := make([]byte, size)
			if _, err := io.ReadFull(r, data); err != nil {
				return told, err
			}
			out[words[0]] = data
			size = 0
		}
		if _, err := io.CopyN(io.Discard, r, size+1); err != nil {
			return told, err
		}
	}
}
