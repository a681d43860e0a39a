// Copyright: katabench authors
// SPDX-License-Identifier: Apache-2.0

// CoreDNS with those of its plugins that a cluster's names need.
package main

import (
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
)

func main() {
	coremain.Run()
}
