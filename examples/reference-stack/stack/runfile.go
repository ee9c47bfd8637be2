package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// runFile tells other programs on this machine how to speak to the process
// that owns a data folder. One left behind by a killed process does no harm:
// its key and its address are no longer true, and the next process replaces it.
type runFile struct {
	URL      string `json:"url"`
	PID      int    `json:"pid"`
	AdminKey string `json:"admin_key"`
}

func runPath(dir string) string { return filepath.Join(dir, "run.json") }

// write puts the file in place whole, readable by its owner alone.
func (f *runFile) write(dir string) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, "run-*.json") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(text, '\n'))
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), runPath(dir))
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

func readRunFile(dir string) (*runFile, error) {
	text, err := os.ReadFile(runPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no footfall is running on %s", dir)
	}
	if err != nil {
		return nil, err
	}
	f := &runFile{}
	if err := json.Unmarshal(text, f); err != nil {
		return nil, fmt.Errorf("read %s: %w", runPath(dir), err)
	}
	return f, nil
}

// remoteFlags are how import and status find the server.
type remoteFlags struct {
	*flags
	data, url, admin string
}

func newRemoteFlags(command, arguments string) *remoteFlags {
	f := &remoteFlags{flags: newFlags(command, arguments)}
	f.StringVar(&f.data, "data", "", "`folder` of a server on this machine; its run.json has the rest")
	f.StringVar(&f.url, "url", "", "`address` of the server, instead of --data")
	f.StringVar(&f.admin, "admin-key", "", "`key` of the server at --url")
	return f
}

// find returns where the server is. What the command line says beats what the
// environment says, so that --data works where FOOTFALL_URL is set.
func (f *remoteFlags) find() (*runFile, error) {
	switch {
	case f.typed["url"] && f.admin == "":
		return nil, usagef("--url wants --admin-key")
	case f.url != "" && f.admin != "" && (f.data == "" || f.typed["url"]):
		return &runFile{URL: f.url, AdminKey: f.admin}, nil
	case f.data != "":
		return readRunFile(f.data)
	default:
		return nil, usagef("--data, or --url and --admin-key, are required")
	}
}

// inUse says who has the folder, as far as is known.
func inUse(dir string) error {
	if run, err := readRunFile(dir); err == nil {
		return fmt.Errorf("%s is in use by another footfall, process %d at %s", dir, run.PID, run.URL)
	}
	return fmt.Errorf("%s is in use by another footfall", dir)
}

// call makes a request with the admin key and reads its answer.
func (f *runFile) call(ctx context.Context, method, path string, body, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(f.URL, "/")+path, in)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+f.AdminKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no footfall answers: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the server answered %s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}
