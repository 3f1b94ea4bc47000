package buildcontext

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/cespare/xxhash/v2"
)

// An index file is a line that names the format, the number of files, the files,
// the checksums of operations, and a hash of all that.

// maxIndexSize bounds what is read: some two million files.
const maxIndexSize = 192 << 20

const (
	fileEntrySize = 6*8 + 32 + 8
	sumEntrySize  = 32 + 32
)

// indexMagic is the first line of an index file. How BuildKit hashes is a matter
// of its version, and no other version's digests are taken.
func indexMagic() string {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "github.com/moby/buildkit" {
				version = m.Version
			}
		}
	}
	return "layercause-index-2 " + version + "\n"
}

// readIndex reads an index file; of one that is not whole, nothing is taken.
func readIndex(path string) (map[fileID]fileEntry, map[[32]byte][32]byte) {
	data, err := readBounded(path)
	magic := indexMagic()
	if err != nil || len(data) < len(magic)+16 || string(data[:len(magic)]) != magic {
		return nil, nil
	}
	end := len(data) - 8
	if xxhash.Sum64(data[:end]) != binary.LittleEndian.Uint64(data[end:]) {
		return nil, nil
	}
	count := binary.LittleEndian.Uint64(data[len(magic):])
	body := data[len(magic)+8 : end]
	if count > uint64(len(body)/fileEntrySize) || (uint64(len(body))-count*fileEntrySize)%sumEntrySize != 0 {
		return nil, nil
	}
	files := make(map[fileID]fileEntry, count)
	for range count {
		var n [6]uint64
		for i := range n {
			n[i] = binary.LittleEndian.Uint64(body[i*8:])
		}
		files[fileID{n[0], n[1]}] = fileEntry{
			state: fileState{changed: int64(n[2]), modified: int64(n[3]), size: int64(n[4]), mode: uint32(n[5])},
			bare:  n[5]>>32 != 0,
			sum:   fileSum{digest: [32]byte(body[48:80]), data: binary.LittleEndian.Uint64(body[80:])},
		}
		body = body[fileEntrySize:]
	}
	sums := make(map[[32]byte][32]byte, len(body)/sumEntrySize)
	for ; len(body) > 0; body = body[sumEntrySize:] {
		sums[[32]byte(body)] = [32]byte(body[32:])
	}
	return files, sums
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() || fi.Size() > maxIndexSize {
		return nil, errors.New("not an index")
	}
	data := make([]byte, fi.Size())
	_, err = io.ReadFull(f, data)
	return data, err
}

// writeIndex replaces the file in one step. One that would be too large to be
// read again is not written.
func writeIndex(path string, files map[fileID]fileEntry, sums map[[32]byte][32]byte) error {
	magic := indexMagic()
	size := len(magic) + 16 + len(files)*fileEntrySize + len(sums)*sumEntrySize
	if size > maxIndexSize {
		return nil
	}
	data := append(make([]byte, 0, size), magic...)
	data = binary.LittleEndian.AppendUint64(data, uint64(len(files)))
	for id, e := range files {
		mode := uint64(e.state.mode)
		if e.bare {
			mode |= 1 << 32
		}
		for _, n := range [6]uint64{id.device, id.inode, uint64(e.state.changed), uint64(e.state.modified), uint64(e.state.size), mode} {
			data = binary.LittleEndian.AppendUint64(data, n)
		}
		data = binary.LittleEndian.AppendUint64(append(data, e.sum.digest[:]...), e.sum.data)
	}
	for key, sum := range sums {
		data = append(append(data, key[:]...), sum[:]...)
	}
	data = binary.LittleEndian.AppendUint64(data, xxhash.Sum64(data))

	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("writing the file index: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".index-*")
	if err != nil {
		return fmt.Errorf("writing the file index: %w", err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("writing the file index: %w", err)
	}
	return nil
}
