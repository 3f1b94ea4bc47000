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
	if len(ids) == 0 {
		return out, nil
	}
	cmd := g.command(ctx, "cat-file", "--batch")
	cmd.Stdin = strings.NewReader(strings.Join(ids, "\n") + "\n")
	var said bytes.Buffer
	cmd.Stderr = &said
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	// A git that ends early at an object that it must not fetch has told the others.
	err = readBatch(bufio.NewReader(pipe), out)
	if err != nil {
		cmd.Process.Kill()
	}
	if wait := cmd.Wait(); wait != nil && err == nil {
		err = &gitError{wait, strings.TrimSpace(said.String())}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil && !missing(err) {
		return nil, fmt.Errorf("reading files of the repository: %w", err)
	}
	return out, nil
}

// readBatch reads what cat-file --batch prints: a line "<id> <type> <size>", the
// content and a newline, or "<id> missing".
func readBatch(r *bufio.Reader, out map[string][]byte) error {
	for {
		line, err := r.ReadString('\n')
		if err == io.EOF && line == "" {
			return nil
		}
		if err != nil {
			return err
		}
		words := strings.Fields(line)
		if len(words) == 2 && words[1] == "missing" {
			continue
		}
		if len(words) != 3 {
			return fmt.Errorf("%.60q is no object", line)
		}
		size, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil || size < 0 {
			return fmt.Errorf("%.60q has no size", line)
		}
		if words[1] == "blob" && size <= maxText {
			data := make([]byte, size)
			if _, err := io.ReadFull(r, data); err != nil {
				return err
			}
			out[words[0]] = data
			size = 0
		}
		if _, err := io.CopyN(io.Discard, r, size+1); err != nil {
			return err
		}
	}
}
