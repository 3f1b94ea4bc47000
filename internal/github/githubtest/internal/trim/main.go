// Command trim cuts GitHub's OpenAPI description down to the operations that
// githubtest serves, with everything they refer to.
//
//	go run ./internal/trim -package octokit-openapi-23.0.2.tgz -out openapi.json
//
// The package is the npm package @octokit/openapi. Prose, examples and vendor
// extensions are dropped: they check nothing and are most of the size.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

const descriptionFile = "package/generated/api.github.com.json"

func main() {
	pkg := flag.String("package", "", "the npm package, as a .tgz file")
	out := flag.String("out", "openapi.json", "the file to write")
	flag.Parse()
	if err := run(*pkg, *out); err != nil {
		fmt.Fprintln(os.Stderr, "trim:", err)
		os.Exit(1)
	}
}

func run(pkg, out string) error {
	text, err := extract(pkg)
	if err != nil {
		return fmt.Errorf("extracting the description: %w", err)
	}
	whole := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&whole); err != nil {
		return fmt.Errorf("parsing the description: %w", err)
	}
	small, err := cut(whole)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(small); err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
}

func extract(pkg string) ([]byte, error) {
	f, err := os.Open(pkg)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	for t := tar.NewReader(z); ; {
		header, err := t.Next()
		if err != nil {
			return nil, fmt.Errorf("looking for %s: %w", descriptionFile, err)
		}
		if header.Name == descriptionFile {
			return io.ReadAll(t)
		}
	}
}

// operations are what githubtest serves.
func operations() map[string][]string {
	return map[string][]string{
		"/user": {"get"},
		"/repos/{owner}/{repo}/commits/{commit_sha}/pulls":     {"get"},
		"/repos/{owner}/{repo}/issues/comments/{comment_id}":   {"get", "patch", "delete"},
		"/repos/{owner}/{repo}/issues/{issue_number}/comments": {"get", "post"},
		"/repos/{owner}/{repo}/pulls":                          {"get"},
		"/repos/{owner}/{repo}/pulls/comments/{comment_id}":    {"patch", "delete"},
		"/repos/{owner}/{repo}/pulls/{pull_number}":            {"get"},
		"/repos/{owner}/{repo}/pulls/{pull_number}/comments":   {"get"},
		"/repos/{owner}/{repo}/pulls/{pull_number}/files":      {"get"},
		"/repos/{owner}/{repo}/pulls/{pull_number}/reviews":    {"post"},
	}
}

func cut(whole map[string]any) (map[string]any, error) {
	paths := map[string]any{}
	for path, methods := range operations() {
		item, ok := at(whole, "paths", path).(map[string]any)
		if !ok {
			return nil, fmt.Errorf("cutting: there is no path %s", path)
		}
		kept := map[string]any{}
		for _, method := range methods {
			if kept[method] = item[method]; kept[method] == nil {
				return nil, fmt.Errorf("cutting: there is no operation %s %s", method, path)
			}
		}
		paths[path] = strip(kept, false)
	}
	components := map[string]any{}
	if err := collect(whole, paths, components); err != nil {
		return nil, err
	}
	return map[string]any{
		"openapi":    whole["openapi"],
		"info":       strip(whole["info"], false),
		"paths":      paths,
		"components": components,
	}, nil
}

// collect copies the components that node refers to, and what they refer to.
func collect(whole map[string]any, node any, components map[string]any) error {
	switch n := node.(type) {
	case []any:
		for _, v := range n {
			if err := collect(whole, v, components); err != nil {
				return err
			}
		}
	case map[string]any:
		if ref, ok := n["$ref"].(string); ok {
			return collectRef(whole, ref, components)
		}
		for _, v := range n {
			if err := collect(whole, v, components); err != nil {
				return err
			}
		}
	}
	return nil
}

func collectRef(whole map[string]any, ref string, components map[string]any) error {
	parts := strings.Split(ref, "/")
	if len(parts) != 4 || parts[0] != "#" || parts[1] != "components" {
		return fmt.Errorf("cutting: %s is no reference to a component", ref)
	}
	kind, name := parts[2], parts[3]
	if at(components, kind, name) != nil {
		return nil
	}
	value := at(whole, "components", kind, name)
	if value == nil {
		return fmt.Errorf("cutting: %s leads nowhere", ref)
	}
	if components[kind] == nil {
		components[kind] = map[string]any{}
	}
	value = strip(value, false)
	components[kind].(map[string]any)[name] = value
	return collect(whole, value, components)
}

func at(node any, keys ...string) any {
	for _, key := range keys {
		m, ok := node.(map[string]any)
		if !ok {
			return nil
		}
		node = m[key]
	}
	return node
}

// strip drops what checks nothing. names says that the keys of node are names
// of its own, of which any may be called "example" or "description".
func strip(node any, names bool) any {
	switch n := node.(type) {
	case []any:
		list := make([]any, len(n))
		for i, v := range n {
			list[i] = strip(v, false)
		}
		return list
	case map[string]any:
		kept := map[string]any{}
		for key, v := range n {
			if !names {
				if key == "example" || key == "examples" || key == "externalDocs" || strings.HasPrefix(key, "x-") {
					continue
				}
				if text, ok := v.(string); ok && key == "description" {
					kept[key] = text[:0] // a response must have one
					continue
				}
			}
			kept[key] = strip(v, !names && (key == "properties" || key == "responses" || key == "headers"))
		}
		return kept
	}
	return node
}
