package chdb

import (
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Volume is a folder for data beside the data directory, on another disk as a
// rule.
type Volume struct {
	// Name is how a table's TTL calls it: a-z, 0-9 and _, not "default". Required.
	Name string
	// Dir is the folder. It is made when it is not there. Required.
	Dir string
}

// Policy is the name of the storage policy that Config.Volumes make: the data
// directory, as volume "default", and then the volumes in their order. It has
// that name because a table can only be given a policy with all the volumes of
// its old one.
const Policy = "footfall"

const firstVolume = "default"

var volumeName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

func (c Config) checkVolumes() error {
	if len(c.Volumes) == 0 {
		return nil
	}
	var wrong error
	if c.ConfigFile != "" {
		wrong = errors.Join(wrong, errors.New("chdb: Config.Volumes and Config.ConfigFile: the file must name the volumes itself"))
	}
	seen := map[string]bool{firstVolume: true}
	for _, v := range c.Volumes {
		switch {
		case !volumeName.MatchString(v.Name):
			wrong = errors.Join(wrong, fmt.Errorf("chdb: Config.Volumes: %q is no plain name", v.Name))
		case seen[v.Name]:
			wrong = errors.Join(wrong, fmt.Errorf("chdb: Config.Volumes: %q is taken", v.Name))
		case v.Dir == "":
			wrong = errors.Join(wrong, fmt.Errorf("chdb: Config.Volumes: %s has no Dir", v.Name))
		}
		seen[v.Name] = true
	}
	return wrong
}

// volumesFile is where the engine reads of the volumes, within its directory.
const volumesFile = "volumes.xml"

// writeVolumes makes the folders and the configuration file that names them.
func (c *Config) writeVolumes(dir string) error {
	if len(c.Volumes) == 0 {
		return nil
	}
	var disks, volumes strings.Builder
	fmt.Fprintf(&volumes, "<%s><disk>default</disk></%[1]s>", firstVolume)
	for _, v := range c.Volumes {
		folder, err := filepath.Abs(v.Dir)
		if err == nil {
			err = os.MkdirAll(folder, 0o750)
		}
		if err != nil {
			return fmt.Errorf("make volume %s: %w", v.Name, err)
		}
		var path strings.Builder
		if err := xml.EscapeText(&path, []byte(folder+"/")); err != nil {
			return err
		}
		fmt.Fprintf(&disks, "<%s><path>%s</path></%[1]s>", v.Name, path.String())
		fmt.Fprintf(&volumes, "<%s><disk>%[1]s</disk></%[1]s>", v.Name)
	}
	// Nothing but a TTL moves parts: not a disk that becomes full.
	text := "<clickhouse><storage_configuration><disks>" + disks.String() + "</disks><policies><" + Policy + "><volumes>" +
		volumes.String() + "</volumes><move_factor>0</move_factor></" + Policy + "></policies></storage_configuration></clickhouse>\n"
	c.ConfigFile = filepath.Join(dir, volumesFile)
	if err := os.WriteFile(c.ConfigFile, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the engine's configuration: %w", err)
	}
	return nil
}
