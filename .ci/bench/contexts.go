package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
)

// smallDockerfile has twelve steps, with a dependency install, a build stage
// and a final stage as a real service has them.
const smallDockerfile = `FROM scratch AS build
SHELL ["/bin/busybox", "sh", "-c"]
COPY busybox /bin/busybox
RUN /bin/busybox --install -s /bin && mkdir -p /tmp
WORKDIR /app
COPY package.json package-lock.json ./
RUN mkdir node_modules && cp package.json node_modules/installed
COPY src src
COPY assets assets
RUN cat src/*.ts > app.js

FROM scratch
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/app.js ./
COPY README.md .
CMD ["/app/app.js"]
`

// smallContext makes a repository with one commit.
func (b *bench) smallContext(ctx context.Context) error {
	dir := b.path("context")
	files := map[string]string{
		"Dockerfile": smallDockerfile, ".dockerignore": ".git\n",
		"package.json": "{}\n", "package-lock.json": "{}\n", "README.md": "# app\n",
	}
	for i := range 40 {
		files[fmt.Sprintf("src/%02d.ts", i)] = fmt.Sprintf("export const n%d = %d\n", i, i)
		files[fmt.Sprintf("assets/%02d.svg", i)] = "<svg/>\n"
	}
	for name, text := range files {
		if err := writeFile(filepath.Join(dir, name), []byte(text)); err != nil {
			return err
		}
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return fmt.Errorf("%w (install busybox-static)", err)
	}
	if err := writeFile(filepath.Join(dir, "busybox"), busybox); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Join(dir, "busybox"), 0o755); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "."},
		{"-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-q", "-m", "Start"},
		{"remote", "add", "origin", "https://example.com/app.git"},
	} {
		if out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("git %v: %w\n%s", args, err, out)
		}
	}
	return nil
}

// largeContext makes n files of 2 to 6 KiB, 50 in each folder, with the same
// bytes every time.
func (b *bench) largeContext(n int) error {
	r := rand.NewChaCha8([32]byte{'b', 'e', 'n', 'c', 'h'})
	size := rand.New(r)
	buf := make([]byte, 6<<10)
	for i := range n {
		data := buf[:2<<10+size.IntN(4<<10)]
		r.Read(data)
		name := fmt.Sprintf("pkg%02d/mod%03d/file%02d.bin", i/5000, i/50%100, i%50)
		if err := writeFile(b.path("context", "tree", name), data); err != nil {
			return err
		}
	}
	return writeFile(b.path("context", "Dockerfile"), []byte("FROM scratch\nCOPY tree /tree\n"))
}

// checkout replaces the context by a copy: new inodes, new times, same content.
func (b *bench) checkout() error {
	if err := os.Rename(b.path("context"), b.path("old")); err != nil {
		return err
	}
	err := errors.Join(
		os.CopyFS(b.path("context"), os.DirFS(b.path("old"))),
		os.RemoveAll(b.path("old")))
	return err
}

func writeFile(path string, data []byte) error {
	err := os.WriteFile(path, data, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		err = os.WriteFile(path, data, 0o644)
	}
	return err
}
