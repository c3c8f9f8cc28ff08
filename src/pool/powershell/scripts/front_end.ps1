# What a front end says of itself: its services, and the versions of what is installed where they are asked for. Changes nothing.
#   module    the product's module: Lync or SkypeForBusiness
#   versions  none, installed (the list of installed products, Lync Server 2013) or patch (Get-CsServerPatchVersion)
param([string] $Arguments)
$a = Read-Arguments $Arguments
$services = Get-ProductServices $a.module
@{ services = $services; versions = Get-Versions $a.versions }
