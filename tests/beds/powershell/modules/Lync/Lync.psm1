# Lync Server 2013.
. ([System.IO.Path]::Combine($PSScriptRoot, '..', 'pool.ps1'))
. ([System.IO.Path]::Combine($PSScriptRoot, '..', 'fabric.ps1'))
