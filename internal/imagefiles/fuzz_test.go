package imagefiles_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"testing"

	"github.com/layercause/layercause/internal/imagefiles"
)

// image makes an image of any bytes: each three of them are a file.
func image(seed []byte) ([]tar.Header, map[string]string) {
	types := []byte{tar.TypeReg, tar.TypeDir, tar.TypeSymlink, tar.TypeChar, tar.TypeFifo}
	var headers []tar.Header
	data := map[string]string{}
	for i := 0; i+2 < len(seed) && i < 300; i += 3 {
		h := tar.Header{
			Typeflag: types[int(seed[i])%len(types)], Name: fmt.Sprintf("d%d/f%d", seed[i]%7, i),
			Mode: int64(seed[i+1]) << 4, Uid: int(seed[i+2] % 3), Devminor: int64(seed[i+2]),
		}
		switch h.Typeflag {
		case tar.TypeReg:
			data[h.Name] = fmt.Sprint(seed[i+1], seed[i+2])
		case tar.TypeSymlink:
			h.Linkname = fmt.Sprint("to", seed[i+2])
		}
		headers = append(headers, h)
	}
	return headers, data
}

// An image compared with itself has no difference, and one change of one file is
// listed, of that file alone.
func FuzzCompare(f *testing.F) {
	f.Add([]byte("some files of some image"), uint(3), uint8(0))
	f.Add([]byte{0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6}, uint(1), uint8(4))
	f.Fuzz(func(t *testing.T, seed []byte, at uint, change uint8) {
		h, data := image(seed)
		if len(h) == 0 {
			return
		}
		before := imagefiles.Image{Files: read(t, pack(t, h, data))}
		if got := compare(t, before, before); got != nil {
			t.Fatalf("an image differs from itself: %q", got)
		}
		i := int(at % uint(len(h)))
		x := &h[i]
		name := x.Name
		switch change % 6 {
		case 0:
			x.Mode ^= 1 << (at % 12)
		case 1:
			x.Uid += 1 + int(at%1000)
		case 2:
			x.PAXRecords = map[string]string{"SCHILY.xattr.user.a": fmt.Sprint(at)}
		case 3:
			h = append(h[:i:i], h[i+1:]...)
		case 4:
			switch x.Typeflag {
			case tar.TypeReg:
				data[x.Name] += "."
			case tar.TypeSymlink:
				x.Linkname += "."
			case tar.TypeChar:
				x.Devmajor++
			default:
				x.Gid++
			}
		case 5:
			if x.Typeflag == tar.TypeDir {
				x.Typeflag = tar.TypeFifo
			} else {
				x.Typeflag, x.Linkname = tar.TypeDir, ""
			}
		}
		after := imagefiles.Image{Files: read(t, pack(t, h, data))}
		for _, pair := range [][2]imagefiles.Image{{before, after}, {after, before}} {
			all, err := imagefiles.Compare(pair[0], pair[1])
			if err != nil || len(all) != 1 || all[0].Path != "/"+name {
				t.Fatalf("change %d of %s is listed as %v, %v", change%6, name, all, err)
			}
			if left := imagefiles.Steady(all, all); len(left) != 0 {
				t.Fatalf("what two executions differ in stays: %v", left)
			}
			if left := imagefiles.Undeclared(all, []imagefiles.Declared{{Path: "/" + name}}); len(left) != 0 {
				t.Fatalf("what is declared stays: %v", left)
			}
			if folded := imagefiles.Fold(all); len(folded) != 1 {
				t.Fatalf("folded it is %v", folded)
			}
		}
	})
}

// Any bytes are read or refused.
func FuzzRead(f *testing.F) {
	h, data := sample()
	f.Add(pack(f, h, data))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		files, err := imagefiles.Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for name, e := range files {
			if name == "" || name[0] == '/' || e.Type == "" || e.Mode&^0o7777 != 0 {
				t.Errorf("%q is %+v", name, e)
			}
		}
		if got := compare(t, imagefiles.Image{Files: files}, imagefiles.Image{Files: files}); got != nil {
			t.Errorf("it differs from itself: %q", got)
		}
	})
}

// Any configuration compared with itself has no difference.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"architecture":"amd64","config":{"Env":["A=b"],"Labels":{"a":"b"},"Cmd":["a"]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		x := imagefiles.Image{Config: text}
		if all, err := imagefiles.Compare(x, x); err == nil && len(all) != 0 {
			t.Errorf("it differs from itself: %v", all)
		}
	})
}
