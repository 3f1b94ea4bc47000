package pipeline

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// The names under which a build leaves its record and the one that it was compared
// with.
const (
	recordName = "record.json.zst"
	baseName   = "base.json.zst"
)

// Bounds on what is looked at. A matrix has at most 256 jobs:
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategymatrix
const (
	mostRecords  = 256
	mostEntries  = 10_000   // of a folder
	mostDepth    = 4        // folders below the given one
	mostFile     = 64 << 20 // bytes of a record, compressed
	mostZip      = 2*mostFile + 1<<20
	mostZipIndex = 1 << 20
)

// read reads and explains all records. What is wrong with one is a warning, and the
// others go on.
func (c *commenting) read(ctx context.Context, paths []string) {
	ctx, cancel := context.WithTimeout(ctx, recordsPatience)
	defer cancel()
	seen, late := 0, 0
	for _, given := range paths {
		use := func(name string, open func(name string) ([]byte, error)) {
			if seen++; seen > mostRecords {
				return
			}
			if ctx.Err() != nil {
				late++
				return
			}
			if err := c.take(ctx, open); err != nil {
				c.warnings = append(c.warnings, fmt.Sprintf("the record %q cannot be used: %v", name, err))
			}
		}
		if err := eachRecord(given, use); err != nil {
			c.warnings = append(c.warnings, fmt.Sprintf("reading %q: %v", given, err))
		}
	}
	if late > 0 {
		c.warnings = append(c.warnings, fmt.Sprintf("explaining the records took too long: %d of them are not shown", late))
	}
	if seen > mostRecords {
		c.warnings = append(c.warnings, fmt.Sprintf("there are %d records, and only the first %d are used", seen, mostRecords))
	}
}

// take reads one record, and the one that it was compared with.
func (c *commenting) take(ctx context.Context, open func(name string) ([]byte, error)) error {
	data, err := open(recordName)
	if err != nil {
		return err
	}
	head, err := record.Read(bytes.NewReader(data))
	if err != nil {
		return err
	}
	var base *record.Record
	if data, err = open(baseName); err == nil {
		base, err = record.Read(bytes.NewReader(data))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.warnings = append(c.warnings, fmt.Sprintf("the earlier record cannot be used: %v", err))
	}
	r, err := c.explained(ctx, head, base)
	if err != nil {
		return err
	}
	// The rest may be large, and is not needed any more.
	c.builds = append(c.builds, commented{r, &record.Record{Job: head.Job, Invocation: head.Invocation}})
	return nil
}

// eachRecord calls use for each record at a path: a file, a folder, or a zip file. Open
// gives the files beside it.
func eachRecord(given string, use func(name string, open func(name string) ([]byte, error))) error {
	fi, err := os.Stat(given)
	switch {
	case err != nil:
		return err
	case fi.IsDir():
		return inFolder(given, use)
	case strings.EqualFold(filepath.Ext(given), ".zip"):
		return inZip(given, use)
	}
	dir, file := filepath.Split(given)
	use(given, func(name string) ([]byte, error) {
		if name == recordName {
			name = file
		} else if file != recordName {
			return nil, fs.ErrNotExist // what stands beside it is another's
		}
		return readRegular(cmp.Or(dir, "."), name, mostFile)
	})
	return nil
}

// inFolder looks for records as actions/download-artifact leaves them: a folder for
// each artifact. No link is followed out of the given folder.
func inFolder(given string, use func(name string, open func(name string) ([]byte, error))) error {
	root, err := os.OpenRoot(given)
	if err != nil {
		return err
	}
	defer root.Close()
	var found []string
	entries := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if entries++; entries > mostEntries {
			return fmt.Errorf("it holds more than %d files", mostEntries)
		}
		switch {
		case err != nil:
			return err
		case e.IsDir() && strings.Count(name, "/") >= mostDepth:
			return fs.SkipDir
		case e.Name() == recordName && e.Type().IsRegular():
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("there is no %s in it", recordName)
	}
	for _, name := range found {
		use(filepath.Join(given, filepath.FromSlash(name)), func(file string) ([]byte, error) {
			return readRegular(given, path.Join(path.Dir(name), file), mostFile)
		})
	}
	return nil
}

// inZip reads the record of an artifact's zip file. Nothing is written to disk, and no
// other name than the two is looked at.
func inZip(given string, use func(name string, open func(name string) ([]byte, error))) error {
	dir, file := filepath.Split(given)
	data, err := readRegular(cmp.Or(dir, "."), file, mostZip)
	if err != nil {
		return err
	}
	if err := checkZipIndex(data); err != nil {
		return err
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("it is no zip file: %w", err)
	}
	files := map[string]*zip.File{}
	for _, f := range z.File {
		if f.Name != recordName && f.Name != baseName {
			continue
		}
		if files[f.Name] != nil {
			return fmt.Errorf("it holds %s twice", f.Name)
		}
		files[f.Name] = f
	}
	if files[recordName] == nil {
		return fmt.Errorf("there is no %s in it", recordName)
	}
	use(given, func(name string) ([]byte, error) {
		if files[name] == nil {
			return nil, fs.ErrNotExist
		}
		return unzip(files[name])
	})
	return nil
}

// checkZipIndex bounds the list of files, which a reader holds in memory before it
// shows the first. Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16.
func checkZipIndex(data []byte) error {
	at := bytes.LastIndex(data[max(0, len(data)-22-1<<16):], []byte("PK\x05\x06"))
	if at < 0 {
		return errors.New("it is no zip file")
	}
	end := data[max(0, len(data)-22-1<<16)+at:]
	if len(end) < 22 || binary.LittleEndian.Uint32(end[12:]) > mostZipIndex || binary.LittleEndian.Uint16(end[10:]) > mostEntries {
		return errors.New("its list of files is too long")
	}
	return nil
}

func unzip(f *zip.File) ([]byte, error) {
	if !f.Mode().IsRegular() || f.UncompressedSize64 > mostFile {
		return nil, fmt.Errorf("%s is no file of at most %d bytes", f.Name, mostFile)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	// The size that is declared need not be the true one.
	data, err := io.ReadAll(io.LimitReader(r, mostFile+1))
	if err == nil && len(data) > mostFile {
		err = fmt.Errorf("%s is larger than it says", f.Name)
	}
	return data, err
}
