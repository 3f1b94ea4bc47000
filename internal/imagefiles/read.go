package imagefiles

import (
	"archive/tar"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// Files are the entries of an image by path, without a slash in front.
type Files map[string]Entry

// Entry is what a container sees of a file.
type Entry struct {
	Type     Type
	Mode     int64 // permissions, set-user-ID, set-group-ID and sticky bit
	UID, GID int
	Size     int64
	// Content is a digest of a regular file's data.
	Content [sha256.Size]byte
	// Link is the target of a symbolic link, and of a hard link the path that its file
	// was first met at.
	Link string
	// Xattrs are the extended attributes, sorted by name.
	Xattrs string
	// Device is the major and the minor number.
	Device [2]int64
}

// Type is the kind of an entry.
type Type string

// The types of entries.
const (
	File    Type = "file"
	Folder  Type = "folder"
	Symlink Type = "symbolic link"
	Char    Type = "character device"
	Block   Type = "block device"
	Fifo    Type = "named pipe"
)

var types = map[byte]Type{
	tar.TypeReg: File, tar.TypeLink: File, tar.TypeDir: Folder, tar.TypeSymlink: Symlink,
	tar.TypeChar: Char, tar.TypeBlock: Block, tar.TypeFifo: Fifo,
}

// xattrRecord is how a tar names an extended attribute.
const xattrRecord = "SCHILY.xattr."

// Read reads a tar to its end. A path that stands in it twice is what the last
// entry says, as when it is unpacked.
func Read(r io.Reader) (Files, error) {
	files := Files{}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err == io.EOF {
			_, err := io.Copy(io.Discard, r) // what writes it waits for a reader
			return files, err
		}
		if err != nil {
			return nil, fmt.Errorf("reading a tar: %w", err)
		}
		name := clean(h.Name)
		e := Entry{
			Type: types[h.Typeflag], Mode: h.Mode & 0o7777, UID: h.Uid, GID: h.Gid, Xattrs: xattrs(h),
		}
		switch h.Typeflag {
		case tar.TypeReg:
			sum := sha256.New()
			if e.Size, err = io.Copy(sum, t); err != nil {
				return nil, fmt.Errorf("reading %q from a tar: %w", name, err)
			}
			sum.Sum(e.Content[:0])
		case tar.TypeLink:
			target, ok := files[clean(h.Linkname)]
			if !ok || target.Type != File || clean(h.Linkname) == name {
				return nil, fmt.Errorf("reading a tar: %q is a link to %q, which is no file before it", name, h.Linkname)
			}
			e.Size, e.Content, e.Link = target.Size, target.Content, clean(h.Linkname)
		case tar.TypeSymlink:
			e.Link = h.Linkname
		case tar.TypeChar, tar.TypeBlock:
			e.Device = [2]int64{h.Devmajor, h.Devminor}
		case tar.TypeDir, tar.TypeFifo:
		default:
			return nil, fmt.Errorf("reading a tar: %q has the unknown type %q", name, h.Typeflag)
		}
		if name == "" {
			continue // the root itself, which not every tar has
		}
		files[name] = e
	}
}

func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

func xattrs(h *tar.Header) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(h.PAXRecords)) {
		if name, ok := strings.CutPrefix(key, xattrRecord); ok {
			fmt.Fprintf(&b, "%q=%q\n", name, h.PAXRecords[key])
		}
	}
	return b.String()
}
